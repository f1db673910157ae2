"""Procfile: the lines that say what a site runs."""

import re
from dataclasses import dataclass

from sites.content.tree import Tree, nearest, text

LINE = re.compile(r"^([A-Za-z0-9_-]+)\s*:\s*(.+)$")
MAX_BYTES = 64 * 1024
RUN = ("web", "release")


@dataclass(frozen=True, slots=True)
class Procfile:
    """The two kinds of process that are run, and the names of the others."""

    web: str = ""
    release: str | None = None
    notes: tuple[str, ...] = ()
    """What of it is not as its author may think, as sentences."""


def read_procfile(tree: Tree) -> Procfile:
    """Empty without a Procfile."""
    name = nearest(tree, "Procfile")
    if not name:
        return Procfile()
    commands: dict[str, str] = {}
    for line in text(tree, name, MAX_BYTES).splitlines():
        if match := LINE.match(line.strip()):
            commands[match[1].lower()] = match[2].strip()
    notes = [f"'{name}' is taken for the Procfile."] if name != "Procfile" else []
    if not commands:
        notes.append(f"{name} has no line like 'web: COMMAND', so it is ignored.")
    if others := [kind for kind in commands if kind not in RUN]:
        lines = " and ".join(f"'{kind}:'" for kind in others)
        notes.append(f"Ignored: {lines} of the {name}. Greenroom runs 'web:' and 'release:' only.")
    return Procfile(commands.get("web", ""), commands.get("release"), tuple(notes))
