"""A content with what several kinds of it look at, and the parts of a build that they share."""

import shlex
from collections.abc import Iterable
from dataclasses import dataclass, replace

from sites.content import node_results
from sites.content.greenroom_file import Wishes
from sites.content.node_sites import BIN, MODULES, NodeSite
from sites.content.procfile import Procfile
from sites.content.python_packages import INSTALL, VENV, Packages, add_server, find_packages, make_venv
from sites.content.python_sites import DjangoProject, frameworks, has_static_root
from sites.content.recipe import Install, Recipe
from sites.content.tree import Tree
from sites.content.wanted import wanted_node, wanted_python

MAX_FIRST_LINE = 256


@dataclass(frozen=True, slots=True)
class Project:
    """A content with what several of its kinds look at."""

    tree: Tree
    wishes: Wishes
    procfile: Procfile
    node: NodeSite | None
    is_python: bool


def installed(project: Project, recipe: Recipe, *, is_python: bool = False, servers: Iterable[str] = ()) -> Recipe:
    """With the steps that install the packages of Python and Node, and the interpreters that these ask for.

    `servers` are keys of SERVERS in python_packages.
    """
    steps: list[str | Install] = []
    files: list[tuple[str, str]] = []
    notes, wanted, paths = [*recipe.notes], [*recipe.wanted], []
    if is_python or project.is_python:
        packages = _packages(project)
        steps.append(Install(VENV, (make_venv(), *packages.steps, *map(add_server, servers)), packages.inputs))
        files += packages.files
        said = wanted_python(project.tree)
        notes += [f"Packages are installed from {packages.source}."] if packages.source else []
        notes += [*packages.notes, *said.notes]
        wanted += [said.wanted] if said.wanted else []
        paths.append(f"$PWD/{VENV}/bin")
    if project.node is not None:
        said = wanted_node(project.tree, project.node.package)
        node = project.node
        steps += [node.tool] if node.tool else []
        steps += [Install(MODULES, (node.install,), node.inputs)] if node.install else []
        lock = f" from {node.manager.lock}" if node.manager.lock else ""
        notes += [f"Packages are installed by {node.manager.name}{lock}."] if node.install else []
        notes += [*node.notes, *said.notes]
        wanted += [said.wanted] if said.wanted else []
        paths.append(BIN)
    return replace(
        recipe,
        steps=(*recipe.steps, *steps),
        files=(*recipe.files, *files),
        notes=tuple(notes),
        wanted=tuple(wanted),
        path=":".join(paths),
    )


def _packages(project: Project) -> Packages:
    """Those that some file names, else the frameworks that the code imports."""
    packages = find_packages(project.tree)
    named = [] if packages.source else frameworks(project.tree)
    if not named:
        return packages
    note = f"No file names the packages, so {' and '.join(named)} is installed. Add a requirements.txt."
    step = f"{INSTALL} {' '.join(map(repr, named))}"
    return replace(packages, steps=(step,), notes=(*packages.notes, note))


def build_of(project: Project) -> tuple[str, ...]:
    """What greenroom.toml says, else the build script of package.json."""
    if project.wishes.build:
        return tuple(f"({line})" for line in project.wishes.build)
    node = project.node
    return (f"{node_results.environment_of(node)}{node.build}",) if node and node.build else ()


def collect_static(django: DjangoProject | None, project: Project) -> tuple[str, ...]:
    """Settings of the site are not known to a build, so a project that needs them is not stopped by this step."""
    if django is None or not has_static_root(project.tree, django):
        return ()
    keys = "SECRET_KEY=of-the-build DJANGO_SECRET_KEY=of-the-build"
    collect = f"{VENV}/bin/python {shlex.quote(django.manage)} collectstatic --noinput"
    return (f"{keys} {collect} || echo 'The static files were not collected; the reason stands above.'",)


def scripts_in(tree: Tree, line: str) -> list[str]:
    """Files of the content that a line for the shell names."""
    named = dict.fromkeys(word.strip("'\"").removeprefix("./") for word in line.split())
    return [name for name in named if tree.has(name)]


def windows_scripts(tree: Tree, line: str) -> list[str]:
    """Scripts of the content that a line runs and that were written on Windows."""
    first = {name: tree.read(name, MAX_FIRST_LINE).partition(b"\n")[0] for name in scripts_in(tree, line)}
    return [
        name
        for name, words in first.items()
        if words.endswith(b"\r") and (words.startswith(b"#!") or name.endswith(".sh"))
    ]
