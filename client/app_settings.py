"""App settings as a file, and what differs between two sides."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from client.exits import Ended, Exit


@dataclass(frozen=True, slots=True)
class AppSetting:
    """One app setting."""

    name: str
    value: str
    is_sticky: bool | None
    """None: a file says nothing of it."""

    def as_data(self) -> dict[str, object]:
        """As in a file."""
        return {"name": self.name, "value": self.value, "slotSetting": bool(self.is_sticky)}

    def has_place_of(self, other: "AppSetting") -> bool:
        """Whether both stay with their slot, or neither; so it is where one side says nothing."""
        return None in (self.is_sticky, other.is_sticky) or self.is_sticky == other.is_sticky


def read_file(text: str) -> dict[str, AppSetting]:
    """The app settings of a file by name. Raises Ended for what is no such list."""
    try:
        entries = json.loads(text)
    except ValueError as fault:
        raise Ended(Exit.REFUSED, f"The file is not JSON ({fault}). Nothing was changed.") from fault
    found: dict[str, AppSetting] = {}
    for one in entries if isinstance(entries, list) else [entries]:
        setting = _setting(one)
        if setting.name in found:
            raise Ended(Exit.REFUSED, f"'{setting.name}' is in the file twice. Nothing was changed.")
        found[setting.name] = setting
    return found


def differences(here: Mapping[str, AppSetting], there: Mapping[str, AppSetting], *, is_revealing: bool) -> list[str]:
    """A line for each name that differs: - only here, + only there, ~ on both sides."""
    return list(_differences(here, there, is_revealing))


def _setting(one: Any) -> AppSetting:
    if isinstance(one, dict) and {"name", "value"} <= one.keys() <= {"name", "value", "slotSetting"}:
        name, value, is_sticky = one["name"], one["value"], one.get("slotSetting")
        if isinstance(name, str) and name and isinstance(value, str) and isinstance(is_sticky, bool | None):
            return AppSetting(name, value, is_sticky)
    raise Ended(
        Exit.REFUSED,
        f"{json.dumps(one)[:100]} is no app setting. Write a list of objects as "
        '[{"name": "COLOUR", "value": "blue", "slotSetting": false}]. Nothing was changed.',
    )


def _differences(here: Mapping[str, AppSetting], there: Mapping[str, AppSetting], is_revealing: bool) -> Iterator[str]:
    for name in sorted({*here, *there}):
        mine, other = here.get(name), there.get(name)
        if mine is None or other is None:
            mark, only = ("+", other) if mine is None else ("-", mine)
            yield f"{mark} {name}" + (f"={json.dumps(only.value)}" if is_revealing and only else "")
        elif mine.value != other.value:
            values = f": {json.dumps(mine.value)} here, {json.dumps(other.value)} there" if is_revealing else ""
            yield f"~ {name}{values}"
        elif not mine.has_place_of(other):
            yield f"~ {name}: {'a slot setting' if mine.is_sticky else 'no slot setting'} here, not so there"
