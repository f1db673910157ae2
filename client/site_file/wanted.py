"""What a file says that a web site should be. What it does not name stays as the portal has it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from client.exits import Ended, Exit
from sites.monitoring.alert_rules import PREFIX

CATEGORIES = {
    "settings": "app_settings",
    "general": "general",
    "warmup": "warmup",
    "monitoring": "monitoring",
    "alerts": "monitoring",
}
"""Name in the file → name in the API, of the settings with a name each."""
PREFIXES = {"alerts": PREFIX}
"""Name in the file → what its names begin with in the API, and no other name of that category does."""
NOUNS = {
    "settings": "app setting",
    "general": "general setting",
    "warmup": "warm-up rule",
    "monitoring": "monitoring setting",
    "alerts": "alert rule",
}
WITH_DEFAULTS = ("general", "warmup", "monitoring")
"""Each setting of these has a value without an entry."""


def entries_of(group: str, entries: Mapping[str, list[dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """What the API says of the settings of a group, by the names that they have in a file."""
    own = PREFIXES.get(group, "")
    of_others = tuple(PREFIXES[one] for one in PREFIXES if one != group and CATEGORIES[one] == CATEGORIES[group])
    found = [one for one in entries.get(CATEGORIES[group], []) if not one["name"].startswith(of_others)]
    return {one["name"].removeprefix(own): one for one in found if one["name"].startswith(own)}


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its value, or None for one that should not be there."""

    value: str | None
    is_sticky: bool | None = None
    """None: as it is."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One slot. None and empty: as it is."""

    instances: int | None = None
    entries: dict[str, dict[str, Setting]] = field(default_factory=dict)
    """By the names of CATEGORIES."""
    default_documents: list[str] | None = None
    domains: list[str] = field(default_factory=list)
    swaps: dict[str, int | bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Site:
    """The whole file."""

    name: str
    mode: str | None
    slots: dict[str, Slot]
    file: str = "greenroom.yaml"
    lines: dict[tuple[str, ...], int] = field(default_factory=dict)
    """Where each name stands, the first line is 1; names in small letters, from the outermost one."""

    def refused(self, what: str, *place: str) -> Ended:
        """For what stands at that place of the file."""
        line = self.lines.get(tuple(name.lower() for name in place), 1)
        return Ended(Exit.REFUSED, f"{self.file}, line {line}: {what}. Nothing was changed.")
