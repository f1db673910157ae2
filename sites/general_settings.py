"""The general settings there are, and the warm-up rules: names, allowed values, defaults, meaning."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

SWITCH = ("on", "off")
SWITCHES = {
    "web_sockets": "on",  # off: upgrades are refused by the router
    "always_on": "off",  # on: every instance is asked for / every few minutes, so that it never grows cold
    "slot_environment": "off",  # on: WEBSITE_SLOT_NAME and WEBSITE_HOSTNAME in the environment, which ends reuse
}
START_COMMAND = "start_command"
DEFAULTS = {START_COMMAND: "", **SWITCHES, "paths": "/", "statuses": "200-499", "seconds": "90", "tries": "5"}
"""What holds where a general setting or warm-up rule has no entry, in the words in which it would be typed."""
TITLES = {
    "web_sockets": "Web sockets",
    "always_on": "Always on",
    "slot_environment": "Slot names in the environment",
    START_COMMAND: "Start command",
    "paths": "Warm-up paths",
    "statuses": "Accepted statuses",
    "seconds": "Time for one answer",
    "tries": "Tries",
}
"""What people read for the names of general settings and warm-up rules."""

DEFAULT_PATHS = ("/",)
DEFAULT_STATUSES = ((200, 499),)
MOST_SECONDS = 90
MOST_TRIES = 20
_RANGE = re.compile(r"([1-5][0-9]{2})(?:\s*[-–]\s*([1-5][0-9]{2}))?")  # the longer dash is ours, in sentences


@dataclass(frozen=True, slots=True)
class WarmupRules:
    """What an instance has to answer before visitors reach it.

    Any status below 500 is accepted unless said otherwise: the service that this follows takes any answer at
    all, and so declares an application warm that answers 500 or 503 while it starts.
    """

    paths: tuple[str, ...] = DEFAULT_PATHS
    statuses: tuple[tuple[int, int], ...] = DEFAULT_STATUSES
    seconds: float = float(MOST_SECONDS)
    """Per request."""
    tries: int = 5

    def accepts(self, answer: str) -> bool:
        """Whether a status, as text, is one of the accepted ones."""
        return answer.isdecimal() and any(first <= int(answer) <= last for first, last in self.statuses)

    @property
    def accepted(self) -> str:
        """The accepted statuses for people: '200–499'."""
        return ", ".join(str(first) if first == last else f"{first}–{last}" for first, last in self.statuses)


def warmup_rules(entries: Mapping[str, str]) -> WarmupRules:
    """The rules that the entries paths, statuses, seconds and tries say; absent ones are the defaults.

    Raises ValueError with the reason for an entry that cannot be taken.
    """
    return WarmupRules(
        paths=_paths(entries.get("paths", "")),
        statuses=_statuses(entries.get("statuses", "")),
        seconds=_number(entries.get("seconds", ""), default=MOST_SECONDS, most=MOST_SECONDS),
        tries=int(_number(entries.get("tries", ""), default=5, most=MOST_TRIES)),
    )


def _paths(text: str) -> tuple[str, ...]:
    paths = tuple(text.split())
    strange = next((path for path in paths if not path.startswith("/")), None)
    if strange is not None:
        raise ValueError(f"the path '{strange}' does not begin with a slash")
    if len(paths) > 10:
        raise ValueError(f"there are {len(paths)} paths and 10 are possible")
    return paths or DEFAULT_PATHS


def _statuses(text: str) -> tuple[tuple[int, int], ...]:
    ranges = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        match = _RANGE.fullmatch(part)
        if match is None or int(match[2] or match[1]) < int(match[1]):
            raise ValueError(f"'{part}' is neither a status nor a range such as 200-399")
        ranges.append((int(match[1]), int(match[2] or match[1])))
    return tuple(ranges) or DEFAULT_STATUSES


def _number(text: str, *, default: int, most: int) -> float:
    if not text:
        return float(default)
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise ValueError(f"'{text}' is not a whole number from 1 to {most}")
    return float(text)


def fault_of_general(name: str, value: str) -> str | None:
    """Why a general setting cannot be taken; None when it can."""
    if name == START_COMMAND:
        return "a start command is one line" if "\n" in value else None
    if name not in SWITCHES:
        return f"the general settings are {', '.join(sorted((*SWITCHES, START_COMMAND)))}"
    return None if value in SWITCH else "it is on or off"


def fault_of_document(name: str) -> str | None:
    """Why a default document cannot be taken; None when it can."""
    if not name or name != name.strip() or "/" in name or "," in name or not name.isprintable():
        return "a default document is the name of a file, without a slash or comma, such as index.html"
    return None
