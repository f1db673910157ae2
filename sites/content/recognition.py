"""What a content is: how it is built, what is run, told from its files alone."""

import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from sites.content.commands import shell
from sites.content.node_sites import BIN, NodeSite, read_package
from sites.content.procfile import read_procfile
from sites.content.python_sites import (
    VENV,
    find_application,
    find_django,
    has_static_root,
    install_steps,
    is_python,
    server_command,
)
from sites.content.tree import Tree
from sites.errors import Refused

STATIC_PROGRAM = "/opt/greenroom/programs/static.py"
INDEX_PAGES = ("index.html", "index.htm", "default.html")
"""Those that the program of static sites serves for a folder."""
RECOGNISED = (
    "a static site (index.html), Python (requirements.txt or pyproject.toml with app.py, main.py, wsgi.py, asgi.py "
    "or Django's manage.py), Node (package.json with a start script), a Procfile with a web line, "
    "and any start command that listens on $PORT"
)


MAX_COMMAND_BYTES = 125_000
"""Below what Linux takes for one argument: execve(2)."""


class Kind(StrEnum):
    """What a content was recognised as."""

    STATIC = "static"
    PYTHON = "python"
    DJANGO = "django"
    NODE = "node"
    PROCFILE = "procfile"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a content becomes instances. Without build steps the content itself is what runs."""

    kind: Kind
    command: tuple[str, ...]
    build_steps: tuple[str, ...]
    """Lines for the shell, run in /app; the first that fails ends the build."""
    release: str | None
    """Runs once per deployment, before the warm-up."""
    summary: str
    """For people: 'Python, WSGI object app:app, served by gunicorn'."""
    path: str = ""
    """Goes before PATH in every command of the site."""


def recognise(tree: Tree, start_command: str = "") -> Recipe:
    """The recipe of a content; `start_command` is the general setting of that name and wins.

    Raises WorkerKindRefused for a Procfile with other kinds than web and release, and Refused, with what is
    recognised, when nothing is.
    """
    procfile = read_procfile(tree)
    release = procfile.release if procfile else None
    node = read_package(tree)
    recipe = (
        _by_line(tree, node, start_command.strip(), release, Kind.COMMAND, "start command")
        or _by_line(tree, node, procfile.web if procfile else "", release, Kind.PROCFILE, "Procfile")
        or _python(tree, release)
        or _node(node, release)
        or _static(tree, release)
    )
    if recipe is None:
        raise Refused(_unrecognised(tree))
    if any(len(part.encode(errors="replace")) > MAX_COMMAND_BYTES for part in (*recipe.command, recipe.release or "")):
        raise Refused(
            f"The line that starts this content is longer than {MAX_COMMAND_BYTES:,} bytes, so nothing was changed. "
            "Put it into a script, and publish again."
        )
    return recipe


def _by_line(tree: Tree, node: NodeSite | None, line: str, release: str | None, kind: Kind, name: str) -> Recipe | None:
    if not line:
        return None
    steps: tuple[str, ...] = ()
    paths = []
    if is_python(tree):
        steps += install_steps(tree)
        paths.append(f"$PWD/{VENV}/bin")
    if node is not None:
        steps += node.steps
        paths.append(BIN)
    path = ":".join(paths)
    return Recipe(kind, shell(line, path=path), steps, release, f"{name}: {line}", path)


def _python(tree: Tree, release: str | None) -> Recipe | None:
    django = find_django(tree)
    application = django or find_application(tree)
    if application is None:
        return None
    server, line = server_command(application)
    steps = install_steps(tree, server)
    if django and has_static_root(tree):
        # Settings of the site are not known here, so a project that needs them is not stopped by this step
        steps += (f"{VENV}/bin/python manage.py collectstatic --noinput || echo 'static files were not collected'",)
    path = f"$PWD/{VENV}/bin"
    return Recipe(
        Kind.DJANGO if django else Kind.PYTHON,
        shell(line, path=path),
        steps,
        release,
        f"{'Django' if django else 'Python'}, {application.interface} object {application.target}, served by {server}",
        path,
    )


def _node(node: NodeSite | None, release: str | None) -> Recipe | None:
    if node is None or not node.start:
        return None
    return Recipe(Kind.NODE, shell(node.start, path=BIN), node.steps, release, f"Node, {node.start}", BIN)


def _static(tree: Tree, release: str | None) -> Recipe | None:
    page = next((name for name in INDEX_PAGES if tree.has(name)), None)
    if page is None:
        return None
    return Recipe(Kind.STATIC, (f"{sys.prefix}/bin/python", STATIC_PROGRAM), (), release, f"static site, {page}")


def _unrecognised(tree: Tree) -> str:
    hint = _hint(tree)
    return (
        f"What was published is not recognised, so nothing was changed.{f' {hint}' if hint else ''} Recognised are "
        f"{RECOGNISED}. Add one of these, or a start command under Configure, and publish again."
    )


def _hint(tree: Tree) -> str:
    """What is nearly right."""
    if tree.has("Pipfile"):
        return "A Pipfile is not read; write its packages to requirements.txt."
    if is_python(tree):
        return "Python packages are named, but no application object 'app' or 'application' was found at the top."
    if tree.has("package.json"):
        return "package.json is there, but has no start script."
    if tree.has("Procfile"):
        return "The Procfile has no line like 'web: COMMAND'."
    return next(filter(None, map(_misplaced, sorted(tree.names(), key=lambda name: name.count("/")))), "")


def _misplaced(name: str) -> str:
    """About a file that would be recognised under another name or in another folder."""
    path = PurePosixPath(name)
    wanted = path.name.lower().removesuffix(".txt")
    for right in (*INDEX_PAGES, "Procfile"):
        if wanted != right.lower():
            continue
        if len(path.parts) > 1:
            return f"'{right}' lies in the folder '{path.parent}'; publish what is in it."
        return f"'{name}' has to be called '{right}'."
    return ""
