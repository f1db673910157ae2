"""The house keeps its plan: who may import whom, no cycles, no import inside a function."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("portal", "sites", "tools")

EVERYWHERE = {"sites.errors", "sites.plain_text"}
# Room → rooms that it may import, beside itself, those above and libraries. docs/architecture.md says why.
MAY_IMPORT: dict[str, set[str]] = {
    "portal": {
        "sites.services",
        "sites.access",
        "sites.models",
        "sites.operations.kinds",
        "sites.limits",
        "sites.supervisor",
        "sites.keyring",
        "sites.data_folder",
        "sites.log_lines",
        "sites.door",
        "sites.publishing",
        "sites.monitoring",
    },
    "sites": {"sites.keyring", "sites.content", "sites.runtime.agent"},
    "sites.disk": set(),
    "sites.errors": set(),
    "sites.plain_text": set(),
    "sites.log_lines": set(),
    "sites.data_folder": set(),
    "sites.keyring": set(),
    "sites.general_settings": set(),
    "sites.logs": set(),
    "sites.models": {"sites.keyring"},
    "sites.access": {"sites.models"},
    "sites.limits": {"sites.models"},
    "sites.services": {
        "sites.tasks",
        "sites.models",
        "sites.logs",
        "sites.access",
        "sites.operations.holds",
        "sites.operations.kinds",
        "sites.content",
        "sites.planning",
        "sites.retention",
        "sites.disk",
        "sites.general_settings",
        "sites.keyring",
    },
    "sites.monitoring": {"sites.models", "sites.logs", "sites.runtime", "sites.general_settings"},
    "sites.retention": {"sites.models", "sites.disk"},
    "sites.planning": {"sites.models", "sites.content", "sites.runtime", "sites.general_settings"},
    "sites.tasks": {"sites.jobs", "sites.operations", "sites.operations.kinds", "sites.models"},
    "sites.ticks": {"sites.tasks", "sites.supervisor"},
    "sites.operations.holds": {"sites.models"},
    "sites.operations.kinds": {"sites.operations", "sites.models"},
    "sites.operations": {
        "sites.operations.holds",
        "sites.operations.kinds",
        "sites.models",
        "sites.logs",
        "sites.planning",
        "sites.retention",
        "sites.disk",
        "sites.general_settings",
        "sites.routing",
        "sites.router",
        "sites.runtime",
        "sites.runtime.agent",
        "sites.content",
    },
    "sites.jobs": {
        "sites.monitoring",
        "sites.operations",
        "sites.operations.kinds",
        "sites.models",
        "sites.planning",
        "sites.retention",
        "sites.disk",
        "sites.router",
        "sites.runtime",
        "sites.content",
    },
    "sites.routing": {"sites.models", "sites.router", "sites.runtime", "sites.general_settings"},
    "sites.router": {"sites.logs"},
    "sites.runtime": set(),
    "sites.runtime.agent": {"sites.runtime", "sites.logs", "sites.disk", "sites.log_lines"},
    "sites.content": {"sites.runtime", "sites.disk"},
    "sites.door": {"sites.content", "sites.disk"},
    "sites.publishing": {
        "sites.services",
        "sites.access",
        "sites.models",
        "sites.content",
        "sites.door",
        "sites.limits",
        "sites.monitoring",
    },
    "sites.supervisor": {
        "sites.logs",
        "sites.models",
        "sites.operations.kinds",
        "sites.services",
        "sites.runtime",
        "sites.runtime.agent",
        "sites.router",
        "sites.data_folder",
        "sites.door",
        "sites.log_lines",
    },
    "sites.management": {
        "sites",
        "sites.keyring",
        "sites.supervisor",
        "sites.router",
        "sites.routing",
        "sites.services",
        "sites.models",
        "sites.monitoring",
        "sites.operations.kinds",
        "portal",
    },
    "sites.migrations": {"sites.models"},
    "tools": set(),
    "tools.prober": set(),
    "tools.demo": {"tools.prober", "sites.services", "sites.models", "sites.content", "sites.supervisor"},
    "tools.bench": {
        "tools.prober",
        "tools.demo",
        "sites.services",
        "sites.models",
        "sites.planning",
        "sites.router",
        "sites.runtime",
        "sites.runtime.agent",
        "sites.supervisor",
        "tools.escape",
    },
    "tools.escape": set(),
    "tools.screens": {"portal"},
    "tools.management": {"tools.prober", "tools.demo", "tools.bench", "tools.screens", "sites.management"},
}
OTHER_KINDS = {"HostNameKind", "TRAVELLING", "mine"}
"""What is compared with the kind of something else: a host name, or an entry of the configuration."""
QUERIES = {"filter", "exclude", "get", "Q", "When"}
WITHOUT_ORM = ("sites.door", "sites.router", "sites.runtime", "sites.content", "tools.prober", "tools.escape")
WITHOUT_DJANGO = (
    "sites.logs",
    "sites.disk",
    "sites.runtime.agent",
    "sites.runtime.programs",
    "tools.prober",
    "tools.escape",
)


def modules() -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            yield name, ast.parse(path.read_text(), str(path))


def room_of(module: str) -> str | None:
    """The most exact room of a module of ours; None for a library."""
    if module.split(".")[0] not in PACKAGES:
        return None
    fitting = [room for room in MAY_IMPORT if module == room or module.startswith(f"{room}.")]
    return max(fitting, key=len)


def imports_of(name: str, tree: ast.Module, known: set[str]) -> Iterator[str]:
    """Modules that a module imports; `from package import module` counts as the module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in known else str(node.module)


MODULES = dict(modules())
IMPORTS = {name: set(imports_of(name, tree, set(MODULES))) for name, tree in MODULES.items()}


@pytest.mark.parametrize("name", MODULES)
def test_a_module_imports_only_what_its_room_may(name: str) -> None:
    room = room_of(name)
    allowed = MAY_IMPORT[room] | {room} | EVERYWHERE
    breaches = {
        imported for imported in IMPORTS[name] if (other := room_of(imported)) is not None and other not in allowed
    }
    assert not breaches, f"{room} may not import {sorted(breaches)}"


def test_no_module_takes_part_in_a_circle() -> None:
    finished: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " → ".join((*path[path.index(name) :], name))
        if name in finished:
            return
        for imported in sorted(IMPORTS.get(name, ())):
            if imported in MODULES and imported != name:
                visit(imported, (*path, name))
        finished.add(name)

    for name in MODULES:
        visit(name, ())


def kind_constants() -> set[str]:
    """Names that the modules of kinds of operations give them, and their classes: SWAP, SwapKind, PUBLISH …"""
    rooms = (tree for name, tree in MODULES.items() if name.startswith("sites.operations.kinds."))
    found = [node for tree in rooms for node in tree.body]
    assigned = (node for node in found if isinstance(node, ast.Assign))
    classes = {node.name for node in found if isinstance(node, ast.ClassDef)}
    return classes | {ast.unparse(node.targets[0]) for node in assigned if isinstance(node.value, ast.Call)}


def is_kind_of_operation(node: ast.AST) -> bool:
    """Whether a key of a table is `operation.kind`, or the name of a kind."""
    return ast.unparse(node).endswith(("operation.kind", "kind.name"))


def asks_for_kind(node: ast.AST, constants: set[str]) -> bool:
    """Whether a node tells operations apart by their kind, in Python or in a query."""
    if isinstance(node, ast.Compare | ast.match_case):
        words = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
        attributes = {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)}
        return bool(words & constants) or ("kind" in attributes and not words & OTHER_KINDS)
    if isinstance(node, ast.Match):
        return "kind" in ast.unparse(node.subject)
    if isinstance(node, ast.Call) and ast.unparse(node.func) in ("isinstance", "issubclass"):
        return any(ast.unparse(part) in constants for part in ast.walk(node))
    if isinstance(node, ast.Call) and any(is_kind_of_operation(argument) for argument in node.args):
        return isinstance(node.func, ast.Attribute) and node.func.attr == "get"
    if isinstance(node, ast.Subscript) and is_kind_of_operation(node.slice):
        return True
    if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in QUERIES:
        return any(
            keyword.arg is not None
            and "kind" in keyword.arg.split("__")
            and not ast.unparse(keyword.value).startswith(("HostNameKind.", "names_where("))
            for keyword in node.keywords
        )
    return isinstance(node, ast.Subscript) and ast.unparse(node.value) == "KINDS" and "kind" not in ast.unparse(node)


@pytest.mark.parametrize("name", [name for name in MODULES if name.split(".")[0] in ("portal", "sites")])
def test_nobody_but_the_kinds_of_operations_tells_them_apart(name: str) -> None:
    if name.startswith(("sites.operations.kinds", "sites.migrations.")):
        return
    constants = kind_constants()
    found = [node for node in ast.walk(MODULES[name]) if asks_for_kind(node, constants)]
    assert not found, f"{name}: {[ast.unparse(node) for node in found]}"


@pytest.mark.parametrize(
    "code",
    [
        "operation.kind == 'swap'",
        "operation.kind in ('swap', 'publish')",
        "kind_of(operation) is SWAP",
        "match operation.kind:\n    case 'swap':\n        pass",
        "isinstance(turn.kind, SwapKind)",
        "WORDS[operation.kind]",
        "WORDS.get(turn.operation.kind, '')",
        "Operation.objects.filter(kind='swap')",
        "Swap.objects.exclude(operation__kind__in=[SWAP.name])",
        "KINDS['swap']",
    ],
)
def test_what_tells_kinds_apart_is_found(code: str) -> None:
    assert any(asks_for_kind(node, kind_constants()) for node in ast.walk(ast.parse(code)))


@pytest.mark.parametrize("room", WITHOUT_ORM)
def test_adapters_never_touch_the_orm(room: str) -> None:
    for name, imported in IMPORTS.items():
        if name == room or name.startswith(f"{room}."):
            touching = {one for one in imported if one.startswith(("django.db", "sites.models"))}
            assert not touching, f"{name} imports {touching}"


@pytest.mark.parametrize("room", WITHOUT_DJANGO)
def test_programs_that_outlive_the_control_plane_do_without_django(room: str) -> None:
    for name, imported in IMPORTS.items():
        if name == room or name.startswith(f"{room}."):
            assert not {one for one in imported if one.split(".")[0] == "django"}, name


def test_imports_stand_at_the_top() -> None:
    inside = [
        f"{name}:{node.lineno}"
        for name, tree in MODULES.items()
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert not inside


def test_every_module_opens_with_a_sentence_and_none_is_a_hall() -> None:
    for name, tree in MODULES.items():
        if "migrations" in name:
            continue
        path = ROOT / Path(*name.split("."))
        file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        if file.read_text().strip():
            assert ast.get_docstring(tree), f"{name} does not say what it is"
        assert len(file.read_text().splitlines()) <= 400, f"{name} is too large"
