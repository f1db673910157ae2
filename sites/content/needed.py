"""Which interpreter the packages of a project need, by the log of a build that failed with another one."""

import re
from collections.abc import Iterable, Sequence

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from semantic_version import NpmSpec

from sites.content.wanted import Wanted
from sites.plain_text import without_colours

FRAME = "│╰├─▶╭×┃ "
"""What uv draws around its sentences."""
PACKAGE = r"[A-Za-z0-9][A-Za-z0-9._-]*"
NEEDS_PYTHON = re.compile(
    r"the (?:current|requested) Python version \((?P<has>[^)]+)\) does not satisfy "
    r"Python(?P<needs>[<>=!~][\d.<>=!~, ]*\d)"
    rf"(?: and (?P<name>{PACKAGE}\S*) depends on Python)?"
)
NEEDS_NODE = (
    re.compile(r"EBADENGINE\s+package: '(?P<name>[^']+)',.*?required: \{[^}]*?\bnode: '(?P<needs>[^']+)'"),
    re.compile(r"error (?P<name>\S+): The engine \"node\" is incompatible .*?Expected version \"(?P<needs>[^\"]+)\""),
    re.compile(r"(?P<name>ERR_PNPM_UNSUPPORTED_ENGINE).*?Expected version: (?P<needs>[^\n]+?) Got:"),
)
"""As npm, Yarn and pnpm say it."""


def cleaned(lines: Iterable[str]) -> list[str]:
    """Lines without colours and without frames."""
    return [without_colours(line).strip(FRAME + "\t\r\n") for line in lines]


def interpreter_needed(log: Sequence[str]) -> Wanted | None:
    """What the first package needs that does not run on the interpreter of the build; None when all do."""
    text = " ".join(" ".join(cleaned(log)).split())
    if match := NEEDS_PYTHON.search(text):
        return _wanted("Python", match["needs"].strip(), match["name"] or "a package")
    matches = (pattern.search(text) for pattern in NEEDS_NODE)
    found = next(filter(None, matches), None)
    if found is None:
        return None
    name = "a package" if found["name"].startswith("ERR_") else found["name"]
    return _wanted("Node", found["needs"].strip(), name)


def in_both(said: str, needed: Wanted) -> str:
    """Versions that a project allows and its packages need; empty where it names one version, or alternatives."""
    if not said:
        return needed.versions
    if needed.tool == "Python":
        return "" if "=" in re.sub("[<>]=", "", said) else f"{said},{needed.versions}"
    is_open = said.startswith(">") and "||" not in said + needed.versions
    return f"{said} {needed.versions}" if is_open else ""


def _wanted(tool: str, versions: str, package: str) -> Wanted | None:
    try:
        return Wanted(tool, str(SpecifierSet(versions) if tool == "Python" else NpmSpec(versions)), package)
    except (InvalidSpecifier, ValueError):
        return None
