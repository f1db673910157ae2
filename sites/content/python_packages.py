"""Python: which packages a project names, in which file, and how they are installed."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from sites.content import lock_files
from sites.content.lock_files import Locked
from sites.content.tables import Table, as_table, parse_toml
from sites.content.tree import Tree, nearest, texts

VENV = ".venv"
"""In the working directory of builds and instances; it can be moved, so a build is sealed under another path."""
SERVERS = {
    "gunicorn": "'gunicorn>=21,<=27.0.1'",
    "uvicorn": "'uvicorn>=0.20,<=0.54.0' 'websockets>=11,<=17.4'",
    "waitress-serve": "'waitress>=2,<=3.0.2'",
    "hypercorn": "'hypercorn>=0.14,<=0.18.0'",
    "daphne": "'daphne>=4,<=4.2.3'",
}
"""Installed where the application's own requirements bring no server, by the name of the program.

The newest one that the project's Python runs, up to the one that was tried.
"""
OWN = ".greenroom"
"""Folder of the files that Greenroom adds to a build."""
INSTALL = "uv pip install --compile-bytecode"
NEARLY = ("requirements.in", "requirements/production.txt", "requirements/prod.txt", "requirements/base.txt")
"""Read where there is no requirements.txt, in this order."""
LOCAL = re.compile(
    r"^[ \t]*(?:-[erc]\b|--(?:editable|requirement|constraint|find-links)|\.{1,2}(?:/|\s*$)|/)"
    r"|@\s*(?:file:|\.)|path\s*=",
    re.MULTILINE,
)
"""What leads from a file of packages to other files of the content."""
NOT_READ = ("environment.yml", "environment.yaml", "conda.yml", "conda-lock.yml")


@dataclass(frozen=True, slots=True)
class Packages:
    """How the packages of a project are installed into VENV."""

    source: str
    """The file that names them; empty where none does."""
    steps: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    """Path and text of what is laid beside the content before the build."""
    notes: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    """Texts of all files that decide what is installed; none where that depends on more of the content."""


def find_packages(tree: Tree) -> Packages:
    """The first of the files that name packages, from the one that says most about the server to the least.

    Raises Refused for a manifest or lock that cannot be read, or that contradict each other.
    """
    manifests = _manifests(tree)
    if not manifests:
        unread = next((name for name in NOT_READ if tree.has(name)), "")
        note = f"Ignored: {unread}. conda is not supported; write the packages to requirements.txt."
        return Packages("", notes=(note,) if unread else ())
    (source, install), *others = manifests
    found = install(tree, source)
    ignored = tuple(f"Ignored: {name}, because {source} is there." for name, _ in others)
    return replace(found, notes=(*found.notes, *ignored), inputs=_inputs(tree, source, found))


def _inputs(tree: Tree, source: str, found: Packages) -> tuple[str, ...]:
    is_itself_installed = any(step.endswith(" .") for step in found.steps)
    if is_itself_installed or (source == "uv.lock" and "build-system" in parse_toml(tree, "pyproject.toml")):
        return ()
    named = texts(tree, (source, "pyproject.toml", "uv.toml"))
    bodies = (*named, *(body for _, body in found.files))
    return bodies if named and not any(map(LOCAL.search, bodies)) else ()


def has_packages(tree: Tree) -> bool:
    """Whether some file names packages that Python's installers read."""
    return bool(_manifests(tree))


def make_venv() -> str:
    """The line that makes VENV by the interpreter that the build was given."""
    return f'uv venv --quiet --clear --relocatable --python "$PYTHON" {VENV}'


def servers_in(line: str) -> tuple[str, ...]:
    """Keys of SERVERS that a line for the shell runs."""
    return tuple(name for name in SERVERS if re.search(rf"(?<![\w./-]){name}(?![\w./=-])", line))


def runs_python(line: str) -> bool:
    """Whether a line for the shell runs `python`, which is there only where packages are: Debian has `python3`."""
    return re.search(r"(?<![\w./-])python(?![\w./=-])", line) is not None


def add_server(server: str) -> str:
    """The line that installs a key of SERVERS unless the project brings it."""
    return f"test -x {VENV}/bin/{server} || {INSTALL} {SERVERS[server]}"


Install = Callable[[Tree, str], Packages]


def _manifests(tree: Tree) -> list[tuple[str, Install]]:
    project = parse_toml(tree, "pyproject.toml")
    poetry = as_table(as_table(as_table(project.get("tool")).get("poetry")).get("dependencies"))
    requirements = nearest(tree, "requirements.txt") or next(filter(tree.has, NEARLY), "")
    found: list[tuple[str, Install]] = [(requirements, _by_requirements)] if requirements else []
    found += [("pylock.toml", _by_requirements)] if tree.has("pylock.toml") else []
    locks: list[tuple[str, Install]] = [
        ("uv.lock", _by_uv),
        ("poetry.lock", _by_poetry),
        ("pdm.lock", _by_pdm),
        ("Pipfile.lock", _by_pipenv),
    ]
    found += [(name, install) for name, install in locks if tree.has(name)]
    is_locked = {name for name, _ in found}
    if poetry and "poetry.lock" not in is_locked:
        found.append(("pyproject.toml", _by_poetry))
    elif not is_locked & {"uv.lock", "pdm.lock", "poetry.lock"} and _names_packages(project):
        found.append(("pyproject.toml", _by_project))
    if tree.has("Pipfile") and "Pipfile.lock" not in is_locked:
        found.append(("Pipfile", _by_pipenv))
    if not found and (tree.has("setup.py") or tree.has("setup.cfg")):
        found.append(("setup.py" if tree.has("setup.py") else "setup.cfg", _by_setup))
    return found


def _names_packages(project: Table) -> bool:
    """Whether a pyproject.toml is about a project, and not only the settings of tools."""
    return "project" in project or "build-system" in project


def _by_requirements(tree: Tree, source: str) -> Packages:
    notes = () if source in ("requirements.txt", "pylock.toml") else (f"'{source}' is taken for requirements.txt.",)
    return Packages(source, (f"{INSTALL} -r {_quoted(source)}",), notes=notes)


def _by_uv(tree: Tree, source: str) -> Packages:
    return Packages(source, ('uv sync --frozen --no-dev --no-editable --compile-bytecode --python "$PYTHON"',))


def _by_project(tree: Tree, source: str) -> Packages:
    what = "." if "build-system" in parse_toml(tree, source) else f"-r {source}"
    return Packages(source, (f"{INSTALL} {what}",))


def _by_setup(tree: Tree, source: str) -> Packages:
    return Packages(source, (f"{INSTALL} .",))


def _by_poetry(tree: Tree, source: str) -> Packages:
    found = _by_lines(source, lock_files.read_poetry(tree))
    is_in_src = "build-system" in parse_toml(tree, "pyproject.toml") and tree.matching("src/*/__init__.py")
    own = (f"{INSTALL} --no-deps .",) if is_in_src else ()
    return Packages(source, (*found.steps, *own), found.files, found.notes)


def _by_pdm(tree: Tree, source: str) -> Packages:
    return _by_lines(source, lock_files.read_pdm(tree))


def _by_pipenv(tree: Tree, source: str) -> Packages:
    return _by_lines(source, lock_files.read_pipenv(tree))


def _by_lines(source: str, locked: Locked) -> Packages:
    names = {"requirements": locked.requirements, "locked": locked.constraints}
    files = [(f"{OWN}/{name}.txt", "".join(f"{line}\n" for line in lines)) for name, lines in names.items() if lines]
    notes = list(locked.notes)
    if not locked.constraints:
        notes.append(f"There is no lock beside {source}, so the newest versions that fit are installed.")
    options = f"-r {OWN}/requirements.txt{f' -c {OWN}/locked.txt' if locked.constraints else ''}"
    steps = (f"{INSTALL} {options}",) if locked.requirements else ()
    return Packages(source, steps, tuple(files), tuple(notes))


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[\w./-]+", name) else f"'{name}'"
