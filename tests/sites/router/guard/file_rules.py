"""The guard as a program of its own (to be killed), over a JSON file of rules; a missing file is a database away."""

import asyncio
import json
import sys
from pathlib import Path

from sites.router.guard.daemon import GuardPlaces, serve
from sites.router.guard.rule import Rule, Way, networks

KEY = b"k" * 32
PORTAL = "http://portal.example"


class FileRules:
    """Replaced by rename."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, *rules: dict[str, object]) -> None:
        """These are the rules from now on: `slot_id`, `version`, and what differs from a rule that lets all in."""
        unfinished = self.path.with_suffix(".new")
        unfinished.write_text(json.dumps(rules))
        unfinished.replace(self.path)

    def read(self) -> list[Rule]:
        return [_rule(**raw) for raw in json.loads(self.path.read_text())]


def _rule(
    *,
    slot_id: int,
    version: int,
    way: str = Way.OPEN,
    addresses: list[str] | None = None,
    stamp: str = "",
    people: list[int] | None = None,
    maintenance: list[str] | None = None,
) -> Rule:
    let_in = None if maintenance is None else networks(maintenance)
    return Rule(slot_id, version, Way(way), networks(addresses or ()), stamp, frozenset(people or ()), let_in)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    places = GuardPlaces(folder / "guard.sock", folder / "guard-control.sock", PORTAL)
    asyncio.run(serve(FileRules(folder / "rules.json").read, lambda: (KEY,), places))
