"""The general settings there are, and the warm-up rules: names, allowed values, defaults, meaning."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sites.plain_text import control_fault

SWITCH = ("on", "off")
SWITCHES = {
    "web_sockets": "on",  # off: upgrades are refused by the router
    "always_on": "off",  # on: every instance is asked for / every few minutes, so that it never grows cold
    "http2": "off",  # on: instances speak HTTP/2 without TLS (h2c), as servers of gRPC do, and nothing else
    "slot_environment": "off",  # on: WEBSITE_SLOT_NAME and WEBSITE_HOSTNAME in the environment, which ends reuse
}
STARTED_WITH = ("web_sockets", "always_on", "slot_environment")
"""Switches that are part of a revision: another value makes a new one, whose instances are started anew."""
HTTP2 = "http2"
START_COMMAND = "start_command"
FALLBACK_PAGE = "fallback_page"
START_SECONDS = "start_seconds"
WEB_SERVER_LOGGING = "web_server_logging"
ENDPOINTS = ("endpoint_1", "endpoint_2")
MONITORING_DEFAULTS = {WEB_SERVER_LOGGING: "off", **dict.fromkeys(ENDPOINTS, "")}
"""Web server logging on: each request is a line of the log. Endpoints: addresses that are asked regularly."""
GENERAL_DEFAULTS = {START_COMMAND: "", FALLBACK_PAGE: "", START_SECONDS: "120", **SWITCHES}
WARMUP_DEFAULTS = {"paths": "/", "statuses": "200-499", "seconds": "90", "tries": "5"}
"""What holds where a general setting or warm-up rule has no entry, in the words in which it would be typed."""
TITLES = {
    "web_sockets": "Web sockets",
    "always_on": "Always on",
    "http2": "HTTP/2 to instances",
    "slot_environment": "Slot names in the environment",
    START_COMMAND: "Start command",
    FALLBACK_PAGE: "Fallback page",
    START_SECONDS: "Time to start",
    WEB_SERVER_LOGGING: "Web server logging",
    "endpoint_1": "Web endpoint 1",
    "endpoint_2": "Web endpoint 2",
    "paths": "Warm-up paths",
    "statuses": "Accepted statuses",
    "seconds": "Time for one answer",
    "tries": "Tries",
}
"""What people read for the names of general settings and warm-up rules."""

NO_PAGE = "none"
"""For a fallback page: none, although the content has one."""
MAX_START_SECONDS = 1800
MAX_SECONDS = 90
MAX_TRIES = 20
MAX_DIGITS = 4
_PAGE = re.compile(r"(?!/)(?!.*\.\.)[\w .@+/-]*")
_RANGE = re.compile(r"([1-5][0-9]{2})(?:\s*[-–]\s*([1-5][0-9]{2}))?")  # the longer dash is ours, in sentences


@dataclass(frozen=True, slots=True)
class WarmupRules:
    """What an instance has to answer before visitors reach it.

    Any status below 500 is accepted unless said otherwise: the service that this follows takes any answer at
    all, and so declares an application warm that answers 500 or 503 while it starts.
    """

    paths: tuple[str, ...]
    statuses: tuple[tuple[int, int], ...]
    seconds: float
    """Per request."""
    tries: int

    def accepts(self, answer: str) -> bool:
        """Whether a status, as text, is one of the accepted ones."""
        return answer.isdecimal() and any(first <= int(answer) <= last for first, last in self.statuses)

    @property
    def accepted(self) -> str:
        """The accepted statuses for people: '200–499'."""
        return ", ".join(str(first) if first == last else f"{first}–{last}" for first, last in self.statuses)


def warmup_rules(entries: Mapping[str, str], paths: Sequence[str] = ()) -> WarmupRules:
    """The rules that the entries paths, statuses, seconds and tries say; absent ones are the defaults.

    `paths` are those that the content itself asks for; an entry wins over them.

    Raises ValueError with the reason for an entry that cannot be taken.
    """
    own = {"paths": " ".join(paths)} if paths else {}
    given = WARMUP_DEFAULTS | own | {name: text for name, text in entries.items() if text.strip()}
    return WarmupRules(
        paths=_paths(given["paths"]),
        statuses=_statuses(given["statuses"]),
        seconds=float(_number(given["seconds"], most=MAX_SECONDS)),
        tries=_number(given["tries"], most=MAX_TRIES),
    )


def _paths(text: str) -> tuple[str, ...]:
    paths = tuple(text.split())
    strange = next((path for path in paths if not path.startswith("/")), None)
    if strange is not None:
        raise ValueError(f"the path '{strange}' does not begin with a slash")
    if len(paths) > 10:
        raise ValueError(f"there are {len(paths)} paths and 10 are possible")
    return paths


def _statuses(text: str) -> tuple[tuple[int, int], ...]:
    ranges = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        match = _RANGE.fullmatch(part)
        if match is None or int(match[2] or match[1]) < int(match[1]):
            raise ValueError(f"'{part}' is neither a status nor a range such as 200-399")
        ranges.append((int(match[1]), int(match[2] or match[1])))
    if not ranges:
        raise ValueError(f"'{text}' names no status")
    return tuple(ranges)


def _number(text: str, *, most: int) -> int:
    if not text.isdecimal() or len(text) > MAX_DIGITS or not 1 <= int(text) <= most:
        raise ValueError(f"'{text[:20]}' is not a whole number from 1 to {most}")
    return int(text)


def fault_of_general(name: str, value: str) -> str | None:
    """Why a general setting cannot be taken; None when it can."""
    if name == START_COMMAND:
        return control_fault(value)
    if name == FALLBACK_PAGE:
        return None if _PAGE.fullmatch(value) else f"it is the path of a page such as index.html, or '{NO_PAGE}'"
    if name == START_SECONDS:
        return _fault_of_number(value, most=MAX_START_SECONDS)
    if name not in GENERAL_DEFAULTS:
        return f"the general settings are {', '.join(sorted(GENERAL_DEFAULTS))}"
    return None if value in SWITCH else "it is on or off"


def fault_of_rule(name: str, value: str) -> str | None:
    """Why a warm-up rule cannot be taken; None when it can."""
    try:
        warmup_rules({name: value})
    except ValueError as reason:
        return str(reason)
    return None if name in WARMUP_DEFAULTS else f"the warm-up rules are {', '.join(WARMUP_DEFAULTS)}"


def _fault_of_number(text: str, *, most: int) -> str | None:
    try:
        _number(text, most=most)
    except ValueError as error:
        return str(error)
    return None


def fault_of_monitoring(name: str, value: str) -> str | None:
    """Why a setting of monitoring and diagnostics cannot be taken; None when it can."""
    if name not in MONITORING_DEFAULTS:
        return f"the settings of monitoring and diagnostics are {', '.join(sorted(MONITORING_DEFAULTS))}"
    return None if name in ENDPOINTS or value in SWITCH else "it is on or off"


def fault_of_document(name: str) -> str | None:
    """Why a default document cannot be taken; None when it can."""
    if not name or name != name.strip() or "/" in name or "," in name or not name.isprintable():
        return "a default document is the name of a file, without a slash or comma, such as index.html"
    return None
