"""Which Python and which Node a project asks for, as its files say."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from semantic_version import NpmSpec, Version

from sites.content.constraints import to_pep440
from sites.content.tables import as_table, parse_toml
from sites.content.tree import Tree, beginning, text

MAX_BYTES = 4096
RELEASE = re.compile(r"(?:c?python)?[-@=]*v?(\d+)(?:\.(\d+))?(?:\.(\d+))?")
NODE_NAMES = {
    "node": "*",
    "latest": "*",
    "current": "*",
    "stable": "*",
    "lts/*": ">=20",
    "lts": ">=20",
    "lts/gallium": "16",
    "lts/hydrogen": "18",
    "lts/iron": "20",
    "lts/jod": "22",
    "lts/krypton": "24",
}
"""What nvm takes for a version; https://github.com/nodejs/Release has the names."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A version of an interpreter, and the file that asks for it."""

    tool: str
    """'Python' or 'Node'."""
    versions: str
    """For Python a set of specifiers as in PEP 440, for Node a range as npm takes it."""
    source: str

    @property
    def shown(self) -> str:
        """For people: '3.12', or a range as it was written."""
        return self.versions.removesuffix(".*").removeprefix("==") if "," not in self.versions else self.versions

    @property
    def minor(self) -> str:
        """Any patch of the same minor version, of a version of Python that is exact; else empty."""
        match = re.fullmatch(r"==(\d+\.\d+)\.\d+", self.versions)
        return f"=={match[1]}.*" if match else ""


@dataclass(frozen=True, slots=True)
class Said:
    """What was found in the first file that says something, and the lines that mean nothing here."""

    wanted: Wanted | None
    notes: tuple[str, ...] = ()


def wanted_python(tree: Tree) -> Said:
    """The version of Python that a project asks for; the most particular file comes first."""
    said = (
        (".python-version", _first_line(tree, ".python-version")),
        ("runtime.txt", _first_line(tree, "runtime.txt")),
        (".tool-versions", _tool_version(tree, "python")),
        ("Pipfile", _pipfile(tree)),
        ("pyproject.toml", _pyproject(tree)),
    )
    return _first("Python", said, _python_versions)


def wanted_node(tree: Tree, package: dict[str, Any]) -> Said:
    """The version of Node that a project asks for; `package` is its package.json."""
    engines = as_table(package.get("engines")).get("node")
    volta = as_table(package.get("volta")).get("node")
    said = (
        (".nvmrc", _first_line(tree, ".nvmrc")),
        (".node-version", _first_line(tree, ".node-version")),
        (".tool-versions", _tool_version(tree, "nodejs") or _tool_version(tree, "node")),
        ("package.json", str(volta or engines or "")),
    )
    return _first("Node", said, _node_versions)


def _first(tool: str, said: Iterable[tuple[str, str]], read: Callable[[str], str]) -> Said:
    notes: list[str] = []
    for source, words in said:
        if not words:
            continue
        if versions := read(words):
            return Said(Wanted(tool, versions, source), tuple(notes))
        notes.append(f"Ignored: {source} asks for {tool} '{words[:60]}', which is not a version of it.")
    return Said(None, tuple(notes))


def _python_versions(words: str) -> str:
    if match := RELEASE.fullmatch(words.strip().lower().removesuffix(".x").removesuffix(".*")):
        numbers = [number for number in match.groups() if number]
        return f"=={'.'.join(numbers)}{'' if len(numbers) == 3 else '.*'}"
    try:
        return str(SpecifierSet(to_pep440(words)))
    except (InvalidSpecifier, ValueError):
        return ""


def _node_versions(words: str) -> str:
    known = NODE_NAMES.get(words.strip().lower(), words.strip())
    try:
        return str(NpmSpec(known.removeprefix("v")))
    except ValueError:
        return ""


def _first_line(tree: Tree, name: str) -> str:
    lines = (line.split("#")[0].strip() for line in text(tree, name, MAX_BYTES).splitlines())
    return next(filter(None, lines), "")


def _tool_version(tree: Tree, tool: str) -> str:
    """Of asdf and mise: 'python 3.12.4'."""
    for line in text(tree, ".tool-versions", MAX_BYTES).splitlines():
        words = line.split("#")[0].split()
        if len(words) > 1 and words[0] == tool:
            return words[1]
    return ""


def _pipfile(tree: Tree) -> str:
    requires = as_table(parse_toml(tree, "Pipfile").get("requires"))
    return str(requires.get("python_full_version") or requires.get("python_version") or "")


def _pyproject(tree: Tree) -> str:
    table = parse_toml(tree, "pyproject.toml")
    project = as_table(table.get("project"))
    poetry = as_table(as_table(as_table(table.get("tool")).get("poetry")).get("dependencies"))
    locked = re.search(r'^requires-python = "([^"]+)"', beginning(tree, "uv.lock"), re.MULTILINE)
    return str(project.get("requires-python") or poetry.get("python") or (locked[1] if locked else ""))


def fits(wanted: Wanted, version: str) -> bool:
    """Whether a version such as '3.12.4' is one of those."""
    if wanted.tool == "Python":
        return version in SpecifierSet(wanted.versions)
    return NpmSpec(wanted.versions).match(Version(version.removeprefix("v")))


def newest_first(versions: Iterable[str]) -> list[str]:
    """Versions in order, the newest before the others."""
    return sorted(versions, key=lambda version: tuple(map(int, re.findall(r"\d+", version))), reverse=True)
