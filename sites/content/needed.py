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
MAX_LINE = 500
"""Of a longer line the rest is left out: strangers write it, so no pattern may search all of it again and again."""
MAX_PLACES = 100
"""At which a pattern is tried."""
NEEDS_PYTHON = re.compile(
    r"the (?:current|requested) Python version \((?P<has>[^)]{1,60})\) does not satisfy "
    r"Python(?P<needs>[<>=!~][\d.<>=!~, ]{0,100}\d)"
    rf"(?: and (?P<name>{PACKAGE}\S{{0,100}}) depends on Python)?"
)
PYTHON_BEGINS = ("the current Python version", "the requested Python version")
NEEDS_NODE = {
    "EBADENGINE": re.compile(
        r"EBADENGINE\s{1,4}package: '(?P<name>[^']{1,200})',.{0,200}?"
        r"required: \{[^}]{0,200}?\bnode: '(?P<needs>[^']{1,200})'"
    ),
    "error ": re.compile(
        r"error (?P<name>\S{1,200}): The engine \"node\" is incompatible .{0,200}?"
        r"Expected version \"(?P<needs>[^\"]{1,200})\""
    ),
    "ERR_PNPM_UNSUPPORTED_ENGINE": re.compile(
        r"(?P<name>ERR_PNPM_UNSUPPORTED_ENGINE).{0,400}?Expected version: (?P<needs>[^\n]{1,200}?) Got:"
    ),
}
"""As npm, Yarn and pnpm say it, by how that begins."""


def cleaned(lines: Iterable[str]) -> list[str]:
    """Lines without colours and without frames."""
    return [without_colours(line[: 2 * MAX_LINE]).strip(FRAME + "\t\r\n")[:MAX_LINE] for line in lines]


def first(pattern: re.Pattern[str], beginning: str, text: str) -> re.Match[str] | None:
    """The first match of a pattern, which begins so; tried at MAX_PLACES places of a text that a stranger wrote."""
    at = text.find(beginning)
    for _ in range(MAX_PLACES):
        if at < 0 or (match := pattern.match(text, at)):
            return None if at < 0 else match
        at = text.find(beginning, at + 1)
    return None


def python_needed(text: str) -> re.Match[str] | None:
    """Where uv says which Python a package needs."""
    return next(filter(None, (first(NEEDS_PYTHON, beginning, text) for beginning in PYTHON_BEGINS)), None)


def interpreter_needed(log: Sequence[str]) -> Wanted | None:
    """What the first package needs that does not run on the interpreter of the build; None when all do."""
    text = " ".join(" ".join(cleaned(log)).split())
    if match := python_needed(text):
        return _wanted("Python", match["needs"].strip(), match["name"] or "a package")
    matches = (first(pattern, beginning, text) for beginning, pattern in NEEDS_NODE.items())
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
