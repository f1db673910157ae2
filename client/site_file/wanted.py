"""What a file says that a web site should be. What it does not name stays as the portal has it."""

from dataclasses import dataclass, field

from client.exits import Ended, Exit

CATEGORIES = {"settings": "app_settings", "general": "general", "warmup": "warmup"}
"""Name in the file → name in the API, of the settings with a name each."""
NOUNS = {"settings": "app setting", "general": "general setting", "warmup": "warm-up rule"}


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
