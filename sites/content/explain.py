"""Why a build failed, in a few words, from the last lines that it wrote."""

import re
from collections.abc import Sequence
from pathlib import Path

from sites.content.needed import PACKAGE, cleaned, python_needed
from sites.content.package_sources import on_this_machine
from sites.content.tree import decoded

EXTRAS = r"(?:\[[^\]]{0,200}\])?"
MISSING = (
    re.compile(rf"Because (?P<name>{PACKAGE}){EXTRAS} was not found in the (?:package registry|cache|provided)"),
    re.compile(rf"Because there (?:is|are) no versions? of (?P<name>{PACKAGE}){EXTRAS}(?P<version>[<>=!~]\S*)?"),
    re.compile(rf"Because only \S+ is available and you require (?P<name>{PACKAGE})(?P<version>[<>=!~]\S*)?"),
    re.compile(rf"No matching distribution found for (?P<name>{PACKAGE})(?P<version>[<>=!~]\S*)?"),
)
CONFLICT = re.compile(
    rf"Because (?P<name>{PACKAGE}\S{{0,200}}) depends on (?P<needed>\S{{1,200}}) and you require .{{1,400}}? "
    r"And because you require (?P<given>\S{1,200}?),? "
)
NPM_MISSING = re.compile(
    r"'(?P<name>@?[A-Za-z0-9._/-]+)@(?P<version>[^']*)' (?:is not in (?:this|the npm) registry|could not be found)"
)
NPM_NO_VERSION = re.compile(r"No matching version found for (?P<name>@?[A-Za-z0-9._/-]+)@(?P<version>\S+?)\.?(?:\s|$)")
NOT_INSTALLED = re.compile(r"(?:sh|bash): (?:\d+: )?(?:line \d+: )?(?P<name>[\w./+-]+): (?:command )?not found")
UNPARSED = re.compile(r"Couldn't parse requirement in [`'](?P<file>[^`']+)[`'] at position (?P<position>\d+)")
NO_NETWORK = re.compile(
    r"error sending request|dns error|Connection refused|Could not connect|EAI_AGAIN|ENOTFOUND|ETIMEDOUT"
)
OUTDATED = re.compile(
    r"ERR_PNPM_OUTDATED_LOCKFILE|can only install packages when your package\.json and|lockfile needs to be updated"
    r"|lockfile would have been modified|lockfile had changes, but lockfile is frozen"
    r"|The lockfile at `?uv\.lock`? needs"
)
OUT_OF_HEAP = re.compile(r"JavaScript heap out of memory|Allocation failed - JavaScript heap")
OF_NPM = re.compile(r"^npm (error|ERR!|notice|warn)|ELIFECYCLE|^error: script ")
NOISE = re.compile(rf"^(==> |hint:|note:|Caused by:?$|at |\^|$)|{OF_NPM.pattern}")
STEP = "==> "
EXCEPTION = re.compile(r"[\w.]*(?:Error|Exception)\b")
ERROR = re.compile(r"\berror\b", re.IGNORECASE)
LONGEST = 200


def explain(log_tail: Sequence[str], folder: Path | None = None) -> str:
    """The end of 'The build … failed': ' at line 12 of requirements.txt: no version of 'flaskk' exists'.

    `folder` is the content, to tell the line. Without a known cause it is the last line that means something.
    """
    lines = cleaned(log_tail)
    text = " ".join(" ".join(lines).split())
    for pattern in MISSING:
        if match := pattern.search(text):
            return _missing(match, folder)
    if match := NPM_MISSING.search(text) or NPM_NO_VERSION.search(text):
        return f" in package.json: no version of '{match['name']}' fits '{match['version']}'"
    if match := python_needed(text):
        name = f"{match['name']} needs" if match["name"] else "it needs"
        return (
            f": {name} Python {match['needs'].strip()}, and {match['has']} is used. "
            "Write the version to .python-version"
        )
    if OUTDATED.search(text):
        return (
            ": the lock does not fit what the project asks for. Install the packages anew and publish the lock as well"
        )
    if OUT_OF_HEAP.search(text):
        return (
            ": the build needed more memory than Node gives itself. Set NODE_OPTIONS=--max-old-space-size in its script"
        )
    if match := CONFLICT.search(text):
        return f": {match['name']} needs {match['needed']}, but {match['given']} is required"
    if match := UNPARSED.search(text):
        line = _line_at(folder, match["file"], int(match["position"]))
        return f"{line}: what stands there is not a requirement"
    for line in lines:
        if match := NOT_INSTALLED.search(line):
            return f": '{match['name']}' is not installed on this server"
    if NO_NETWORK.search(text):
        return f": the package index could not be reached from this server{_because()}"
    return _last_word(lines)


def _last_word(lines: Sequence[str]) -> str:
    """The step that failed, and the line that says most."""
    begins = max((index for index, line in enumerate(lines) if line.startswith(STEP)), default=-1)
    step = f" at '{lines[begins].removeprefix(STEP)[:LONGEST]}'" if begins >= 0 else ""
    said = [line for line in lines[begins + 1 :] if line and not NOISE.search(line)]
    line = _most_telling(said)
    return f"{step}: {line[:LONGEST].rstrip('. ')}" if line else f"{step}, and wrote nothing"


def _most_telling(said: Sequence[str]) -> str:
    """An exception at the end, as Python has it; else the first line of an error; else the last line."""
    if not said or EXCEPTION.match(said[-1]):
        return said[-1] if said else ""
    first = next((index for index, line in enumerate(said) if ERROR.search(line)), len(said) - 1)
    follows = first + 1 < len(said) and said[first].endswith(":")
    return f"{said[first]} {said[first + 1]}" if follows else said[first]


def _because() -> str:
    names = on_this_machine()
    if not names:
        return ""
    verb = "leads" if len(names) == 1 else "lead"
    return f"; {' and '.join(names)} of its environment {verb} to the server itself, which a build does not reach"


def _missing(match: re.Match[str], folder: Path | None) -> str:
    name = match["name"]
    version = (match.groupdict().get("version") or "").rstrip(",.")
    what = f"no version {version} of '{name}' exists" if version else f"no version of '{name}' exists"
    return f"{_line_of(folder, name)}: {what}"


def _line_of(folder: Path | None, package: str) -> str:
    for name in ("requirements.txt", "pyproject.toml"):
        for number, line in enumerate(_lines(folder, name), 1):
            first = re.search(PACKAGE, line)
            if first and _normal(package) in map(_normal, re.findall(PACKAGE, line.split("#")[0])):
                return f" at line {number} of {name}"
    return ""


def _line_at(folder: Path | None, name: str, position: int) -> str:
    text = "\n".join(_lines(folder, name))
    return f" at line {text.count(chr(10), 0, position) + 1} of {name}" if text else f" in {name}"


def _lines(folder: Path | None, name: str) -> list[str]:
    path = folder / name if folder and "/" not in name else None
    return decoded(path.read_bytes()).splitlines() if path and path.is_file() else []


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.rstrip("._-")).lower()
