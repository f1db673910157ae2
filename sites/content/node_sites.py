"""Node: what to install and how to start, from package.json."""

import json
from dataclasses import dataclass
from pathlib import Path

from sites.errors import Refused

BIN = "$PWD/node_modules/.bin"
MAX_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class NodeSite:
    """`start` is empty when package.json names no way to start."""

    start: str
    steps: tuple[str, ...]


def read_package(folder: Path) -> NodeSite | None:
    """None without package.json. Raises Refused when it cannot be read."""
    path = folder / "package.json"
    if not path.is_file():
        return None
    package = _parsed(path)
    scripts = _table(package, "scripts")
    start = str(scripts.get("start") or "")
    if not start and (folder / "server.js").is_file():
        start = "node server.js"
    return NodeSite(start, _steps(folder, package, has_build="build" in scripts))


def _steps(folder: Path, package: dict[str, object], *, has_build: bool) -> tuple[str, ...]:
    steps = []
    if (folder / "package-lock.json").is_file() or (folder / "npm-shrinkwrap.json").is_file():
        steps.append("npm ci --no-fund --no-audit")
    elif _table(package, "dependencies") or (has_build and _table(package, "devDependencies")):
        steps.append("npm install --no-fund --no-audit")
    if has_build:
        steps.append("npm run build")
    return tuple(steps)


def _parsed(path: Path) -> dict[str, object]:
    try:
        package = json.loads(path.read_bytes()[:MAX_BYTES].decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise Refused(
            f"package.json cannot be read ({error}), so nothing was published. Mend it and publish again."
        ) from error
    return package if isinstance(package, dict) else {}


def _table(package: dict[str, object], key: str) -> dict[str, object]:
    value = package.get(key)
    return value if isinstance(value, dict) else {}
