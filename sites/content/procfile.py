"""Procfile: the lines that say what a site runs."""

import re
from dataclasses import dataclass

from sites.content.tree import Tree
from sites.errors import WorkerKindRefused

LINE = re.compile(r"^([A-Za-z0-9_-]+):\s*(.+)$")
MAX_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Procfile:
    """The two kinds of process that are run."""

    web: str
    release: str | None


def read_procfile(tree: Tree) -> Procfile | None:
    """None without a Procfile, or when it has no line that is run. Raises WorkerKindRefused for other kinds."""
    commands: dict[str, str] = {}
    for line in tree.read("Procfile", MAX_BYTES).decode("utf-8-sig", "replace").splitlines():
        if match := LINE.match(line.strip()):
            commands[match[1].lower()] = match[2].strip()
    for kind in commands:
        if kind not in ("web", "release"):
            raise WorkerKindRefused(kind=kind)
    if not commands:
        return None
    return Procfile(commands.get("web", ""), commands.get("release"))
