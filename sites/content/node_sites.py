"""Node: what to install and how to start, from package.json."""

import json
from dataclasses import dataclass

from sites.content.tree import Tree
from sites.errors import Refused

BIN = "$PWD/node_modules/.bin"
MAX_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class NodeSite:
    """`start` is empty when package.json names no way to start."""

    start: str
    steps: tuple[str, ...]


def read_package(tree: Tree) -> NodeSite | None:
    """None without package.json. Raises Refused when it cannot be read."""
    if not tree.has("package.json"):
        return None
    package = _parsed(tree.read("package.json", MAX_BYTES))
    scripts = _table(package, "scripts")
    start = str(scripts.get("start") or "")
    if not start and tree.has("server.js"):
        start = "node server.js"
    return NodeSite(start, _steps(tree, package, has_build="build" in scripts))


def _steps(tree: Tree, package: dict[str, object], *, has_build: bool) -> tuple[str, ...]:
    steps = []
    if tree.has("package-lock.json") or tree.has("npm-shrinkwrap.json"):
        steps.append("npm ci --no-fund --no-audit")
    elif _table(package, "dependencies") or (has_build and _table(package, "devDependencies")):
        steps.append("npm install --no-fund --no-audit")
    if has_build:
        steps.append("npm run build")
    return tuple(steps)


def _parsed(body: bytes) -> dict[str, object]:
    try:
        package = json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise Refused(
            f"package.json cannot be read ({error}), so nothing was published. Mend it and publish again."
        ) from error
    return package if isinstance(package, dict) else {}


def _table(package: dict[str, object], key: str) -> dict[str, object]:
    value = package.get(key)
    return value if isinstance(value, dict) else {}
