"""The house keeps its plan: who may import whom, no cycles, no import inside a function."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("client", "distribution", "portal", "sites", "tools")

EVERYWHERE = {"sites.counted", "sites.errors", "sites.plain_text", "sites.unix_http"}
# Room → rooms that it may import, beside itself, those above and libraries. docs/architecture.md says why.
MAY_IMPORT: dict[str, set[str]] = {
    "client": {"sites.general_settings", "sites.monitoring.alert_rules", "sites.variable_names"},
    "distribution": set(),
    "portal": {
        "sites.endings",
        "sites.events",
        "sites.capacity",
        "sites.services",
        "sites.access",
        "sites.models",
        "sites.operations.kinds",
        "sites.throttling",
        "sites.supervisor",
        "sites.keyring",
        "sites.data_folder",
        "sites.log_lines",
        "sites.door",
        "sites.publishing",
        "sites.api",
        "sites.arm",
        "sites.monitoring",
        "sites.monitoring.alert_rules",
        "sites.monitoring.figures",
        "sites.telemetry",
    },
    "sites": {
        "sites.acme",
        "sites.backups",
        "sites.keyring",
        "sites.content",
        "sites.router",
        "sites.runtime.agent",
        "sites.tls",
    },
    "sites.disk": set(),
    "sites.errors": set(),
    "sites.plain_text": set(),
    "sites.counted": set(),
    "sites.endings": set(),
    "sites.unix_http": set(),
    "sites.log_lines": set(),
    "sites.data_folder": set(),
    "sites.keyring": set(),
    "sites.general_settings": set(),
    "sites.variable_names": set(),
    "sites.logs": set(),
    "sites.models": {"sites.keyring"},
    "sites.access": {"sites.models"},
    "sites.throttling": {"sites.models"},
    "sites.tls": set(),
    "sites.capacity": {"sites.models", "sites.operations.kinds", "sites.planning"},
    "sites.acme": {"sites.dns_proof", "sites.tls"},
    "sites.archives": {"sites.content", "sites.disk", "sites.kept_deployments", "sites.models"},
    "sites.identities": {"sites.backoff", "sites.outgoing"},
    "sites.services": {
        "sites.acme",
        "sites.capacity",
        "sites.archives",
        "sites.identities",
        "sites.repositories",
        "sites.resources",
        "sites.tls",
        "sites.tasks",
        "sites.models",
        "sites.logs",
        "sites.access",
        "sites.operations.holds",
        "sites.operations.kinds",
        "sites.events",
        "sites.monitoring",
        "sites.monitoring.alert_rules",
        "sites.webhooks",
        "sites.content",
        "sites.planning",
        "sites.kept_deployments",
        "sites.disk",
        "sites.general_settings",
        "sites.variable_names",
        "sites.keyring",
        "sites.router",
        "sites.runtime",
    },
    "sites.outgoing": {"sites.runtime.agent"},
    "sites.telemetry": set(),
    "sites.resources": {"sites.outgoing"},
    "sites.events": {"sites.models"},
    "sites.webhooks": {"sites.events", "sites.models", "sites.outgoing"},
    "sites.monitoring.alert_rules": {"sites.general_settings", "sites.monitoring.figures"},
    "sites.monitoring.figures": set(),
    "sites.monitoring": {
        "sites.models",
        "sites.logs",
        "sites.runtime",
        "sites.general_settings",
        "sites.content",
        "sites.outgoing",
        "sites.monitoring.alert_rules",
        "sites.monitoring.figures",
    },
    "sites.kept_deployments": {"sites.models", "sites.disk"},
    "sites.planning": {"sites.models", "sites.content", "sites.runtime", "sites.general_settings"},
    "sites.backups": {
        "sites.content",
        "sites.data_folder",
        "sites.disk",
        "sites.jobs",
        "sites.keyring",
        "sites.models",
    },
    "sites.tasks": {"sites.backups", "sites.jobs", "sites.operations", "sites.operations.kinds", "sites.models"},
    "sites.ticks": {"sites.tasks", "sites.jobs", "sites.supervisor"},
    "sites.operations.holds": {"sites.models"},
    "sites.operations.kinds": {"sites.operations", "sites.models"},
    "sites.operations": {
        "sites.endings",
        "sites.events",
        "sites.outgoing",
        "sites.operations.holds",
        "sites.operations.kinds",
        "sites.archives",
        "sites.repositories",
        "sites.models",
        "sites.logs",
        "sites.planning",
        "sites.kept_deployments",
        "sites.disk",
        "sites.general_settings",
        "sites.routing",
        "sites.router",
        "sites.runtime",
        "sites.runtime.agent",
        "sites.content",
    },
    "sites.jobs": {
        "sites.endings",
        "sites.general_settings",
        "sites.resources",
        "sites.acme",
        "sites.tls",
        "sites.backoff",
        "sites.events",
        "sites.outgoing",
        "sites.webhooks",
        "sites.throttling",
        "sites.capacity",
        "sites.dns_proof",
        "sites.monitoring",
        "sites.monitoring.alert_rules",
        "sites.monitoring.figures",
        "sites.logs",
        "sites.telemetry",
        "sites.operations",
        "sites.operations.kinds",
        "sites.models",
        "sites.planning",
        "sites.kept_deployments",
        "sites.disk",
        "sites.router",
        "sites.runtime",
        "sites.content",
        "sites.repositories",
    },
    "sites.backoff": set(),
    "sites.dns_proof": set(),
    "sites.routing": {"sites.acme", "sites.models", "sites.router", "sites.runtime", "sites.general_settings"},
    "sites.visiting": {"sites.access", "sites.models", "sites.router"},
    "sites.router": {"sites.logs", "sites.runtime.agent", "sites.telemetry", "sites.tls"},
    "sites.runtime": set(),
    "sites.runtime.agent": {"sites.backoff", "sites.runtime", "sites.logs", "sites.disk", "sites.log_lines"},
    "sites.content": {"sites.runtime", "sites.disk"},
    "sites.repositories": {"sites.content", "sites.disk", "sites.outgoing", "sites.runtime"},
    "sites.door": {"sites.content", "sites.disk"},
    "sites.publishing": {
        "sites.archives",
        "sites.services",
        "sites.access",
        "sites.models",
        "sites.content",
        "sites.repositories",
        "sites.planning",
        "sites.kept_deployments",
        "sites.door",
        "sites.throttling",
        "sites.monitoring",
    },
    "sites.api": {
        "sites.resources",
        "sites.webhooks",
        "sites.capacity",
        "sites.services",
        "sites.access",
        "sites.models",
        "sites.monitoring",
        "sites.monitoring.alert_rules",
        "sites.operations.kinds",
        "sites.door",
        "sites.throttling",
        "sites.publishing",
    },
    "sites.arm": {
        "sites.services",
        "sites.access",
        "sites.models",
        "sites.general_settings",
        "sites.api",
        "sites.publishing",
    },
    "sites.supervisor": {
        "sites.capacity",
        "sites.backups",
        "sites.backoff",
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
        "sites.logs",
        "sites.runtime",
        "sites.backups",
        "sites",
        "sites.keyring",
        "sites.supervisor",
        "sites.router",
        "sites.routing",
        "sites.visiting",
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
        "sites.tls",
        "tools.escape",
    },
    "tools.dev": {"sites.supervisor"},
    "tools.escape": set(),
    "tools.screens": {"portal"},
    "tools.management": {
        "tools.prober",
        "tools.demo",
        "tools.bench",
        "tools.dev",
        "tools.screens",
        "sites.management",
        "portal",
    },
}
ASKED = {"KINDS", "OperationKind", "kind_of", "names_where"}
"""What anybody may use of the room of kinds of operations."""
KIND = re.compile(r"\bkind(_of\(.*\))?$|^type\(")
"""An expression for a kind of operation."""
COLUMN = re.compile(r"(\w+__)?kind(__\w+)?")
WORDS = {"name", "noun", "title", "doing", "busy"}
TELLING = {"isinstance", "issubclass", "type"}
QUERIES = {"filter", "exclude", "get", "Q", "When", "get_object_or_404", "get_list_or_404", "get_or_create"}
OWNERS_OF_OTHER_KINDS = {
    *("entry", "mine", "row.entry", "saved", "self.entry", "self.saved"),  # of the configuration
    *("deployment", "recipe", "self.recipe"),
    *("host", "subscription", "turn", "self"),
}
KINDS_OF_OTHER_THINGS = {
    *("portal.admin.operations", "portal.operation_query"),  # a column of a table, and what a person looks for
    *("portal.admin.places", "sites.routing", "sites.operations.steps.withdraw"),  # host names
    *("portal.admin.revisions", "sites.operations.deleted_slots", "sites.operations.steps.build"),  # content
    *("sites.arm.shapes.plans", "sites.arm.shapes.sites", "sites.arm.shapes.wanted"),  # a word of Azure
    *("portal.entry_rows", "portal.templatetags.site_pages", "sites.services.restore"),  # entries, and content again
}
WITHOUT_ORM = (
    "sites.door",
    "sites.outgoing",
    "sites.router",
    "sites.runtime",
    "sites.content",
    "sites.identities",
    "sites.outgoing",
    "sites.resources",
    "sites.repositories",
    "tools.prober",
    "tools.escape",
)
WITHOUT_DJANGO = (
    "sites.logs",
    "sites.disk",
    "sites.runtime.agent",
    "sites.runtime.programs",
    "tools.prober",
    "tools.escape",
    "client",
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


class KindsToldApart(ast.NodeVisitor):
    """Finds where a module tells operations apart by their kind: in Python, in a table or in a query.

    What it imports from the room of kinds may be handed on or record something, and nothing else. The column itself may
    not be read, by whatever name, and no word of a kind may be compared with a text or look something up.
    """

    def __init__(self, module: str, tree: ast.Module) -> None:
        self.found: list[str] = []
        self._has_kind_of_its_own = module in KINDS_OF_OTHER_THINGS
        self._parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
        self._imported = {
            alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("sites.operations.kinds")
            for alias in node.names
            if alias.name not in ASKED
        }
        self.visit(tree)

    def visit_Name(self, node: ast.Name) -> None:
        """A kind, or the class of one."""
        parent = self._parents[node]
        is_handed_on = isinstance(parent, ast.Call | ast.keyword | ast.arguments)
        is_told_apart = isinstance(parent, ast.Call) and ast.unparse(parent.func) in (
            "isinstance",
            "issubclass",
            "type",
        )
        records = isinstance(parent, ast.Attribute) and parent.attr == "record"
        if node.id in self._imported and (is_told_apart or not (is_handed_on or records)):
            self._note(parent)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """The column of an operation, or a word of its kind."""
        if node.attr == "kind" and ast.unparse(node.value) not in OWNERS_OF_OTHER_KINDS:
            self._note(node)
        if node.attr in WORDS and KIND.search(ast.unparse(node.value)):
            parent = self._parents[node]
            is_key = isinstance(parent, ast.Subscript) and parent.slice is node
            is_looked_up = isinstance(parent, ast.Call) and ast.unparse(parent.func).endswith(".get")
            is_taken_apart = isinstance(parent, ast.Attribute)
            if is_key or is_looked_up or is_taken_apart or isinstance(parent, ast.Match | ast.Dict):
                self._note(parent)
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        """A word of a kind beside a text, or a kind beside something that is not given as one."""
        parts = [part for one in (node.left, *node.comparators) for part in ast.walk(one)]
        texts = [part for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
        has_text = any(not isinstance(self._parents[text], ast.Subscript) for text in texts)
        has_word = any(isinstance(part, ast.Attribute) and part.attr in WORDS | {"__name__"} for part in parts)
        if has_text and has_word and any(KIND.search(ast.unparse(part)) for part in parts):
            self._note(node)
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        """A kind by its name."""
        if ast.unparse(node.value) == "KINDS" and isinstance(node.slice, ast.Constant):
            self._note(node)
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        """The column by its name: getattr, values_list, or the keys of a query."""
        is_column = isinstance(node.value, str) and COLUMN.fullmatch(node.value)
        if is_column and not self._has_kind_of_its_own:
            self._note(self._parents[node])

    def visit_keyword(self, node: ast.keyword) -> None:
        """The column in a query."""
        call = self._parents[node]
        is_query = isinstance(call, ast.Call) and ast.unparse(call.func).rpartition(".")[2] in QUERIES
        is_by_kind = node.arg is not None and COLUMN.fullmatch(node.arg)
        value = ast.unparse(node.value)
        is_of_kinds = value.startswith(("HostNameKind.", "names_where(")) or value in self._imported
        if is_by_kind and is_query and not is_of_kinds:
            self._note(call)
        self.generic_visit(node)

    def _note(self, node: ast.AST) -> None:
        self.found.append(ast.unparse(node))


@pytest.mark.parametrize("name", [name for name in MODULES if name.split(".")[0] in ("portal", "sites")])
def test_nobody_but_the_kinds_of_operations_tells_them_apart(name: str) -> None:
    if not name.startswith(("sites.operations.kinds", "sites.migrations.", "portal.migrations.")):
        assert not KindsToldApart(name, MODULES[name]).found, name


@pytest.mark.parametrize(
    "code",
    [
        "operation.kind == 'swap'",
        "operation.kind in ('swap', 'publish')",
        "operation.kind.value == 'swap'",
        "operation.kind.startswith('delete')",
        "kind = operation.kind",
        "kind_of(operation) is SWAP",
        "kind_of(operation) in {SWAP, PUBLISH}",
        "kind_of(operation).name == 'swap'",
        "kind_of(operation).noun in ('swap', 'publication')",
        "kind_of(operation).name.startswith('delete')",
        "type(kind_of(operation)).__name__ == 'SwapKind'",
        "match operation.kind:\n    case 'swap':\n        pass",
        "match kind_of(operation).name:\n    case 'swap':\n        pass",
        "match kind_of(operation):\n    case SwapKind():\n        pass",
        "isinstance(turn.kind, SwapKind)",
        "WORDS = {SWAP: 'swapped', PUBLISH: 'published'}",
        "WORDS[operation.kind]",
        "WORDS[kind_of(operation).name]",
        "WORDS.get(turn.operation.kind, '')",
        "WORDS.get(kind_of(operation).name)",
        "getattr(operation, 'kind')",
        "Operation.objects.filter(kind='swap')",
        "Operation.objects.filter(**{'kind': 'swap'})",
        "Operation.objects.filter(kind__startswith='delete')",
        "Operation.objects.values_list('kind', flat=True)",
        "get_object_or_404(Operation, kind='swap')",
        "Swap.objects.exclude(operation__kind__in=[SWAP.name])",
        "names_where(lambda kind: kind.name == 'swap')",
        "KINDS['swap']",
    ],
)
def test_what_tells_kinds_apart_is_found(code: str) -> None:
    imports = (
        "from sites.operations.kinds import KINDS, kind_of, names_where\n"
        "from sites.operations.kinds.publish import PUBLISH\n"
        "from sites.operations.kinds.swap import SWAP, SwapKind\n"
    )
    assert KindsToldApart("sites.services.slots", ast.parse(imports + code)).found


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
