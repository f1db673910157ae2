"""Settings with one control each: as they are in force, as they were when the page was loaded, and as typed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from django.http import QueryDict

from portal.entry_form import LINES as PASTED
from sites.errors import Fault
from sites.models import Category, Slot
from sites.monitoring.alert_rules import PREFIX
from sites.services.settings import Entry, with_defaults
from sites.services.slots import SECONDS, fault_of_swap_setting

TEXTS = ("start_command", "start_seconds", "fallback_page")
SWITCHES = ("web_sockets", "http2", "always_on", "slot_environment")
ENDPOINTS = ("endpoint_1", "endpoint_2")
MONITORING = ("web_server_logging", *ENDPOINTS)
WARMUP = ("paths", "statuses", "seconds", "tries")
DOCUMENTS = "default_documents"
ALERTS = "alert_rules"
LINES = (DOCUMENTS, ALERTS, "warmup_paths")
PAGE = (
    *TEXTS,
    *ENDPOINTS,
    ALERTS,
    DOCUMENTS,
    "handler_mappings",
    "app_settings",
    PASTED,
    "connection_strings",
    *(f"warmup_{name}" for name in WARMUP),
    "mounts",
    *SECONDS,
)
"""What can be refused, in the order of the page: fields with one control each, and rows."""


@dataclass
class Field:
    """One control. `saved` is in force now, `base` was when the page was loaded, `typed` is what it shows."""

    name: str
    saved: str
    base: str
    typed: str

    @property
    def is_changed(self) -> bool:
        """Whether the person wants something else than what is in force."""
        return self.typed != self.saved

    @property
    def note(self) -> str:
        """What somebody else did to it meanwhile."""
        if self.base == self.saved:
            return ""
        if not self.is_changed:
            return "Changed meanwhile."
        return f"Changed meanwhile: in force is {', '.join(self.saved.split()) or 'the default'}."

    @property
    def is_on(self) -> bool:
        """For a switch."""
        return self.typed == "on"

    @property
    def was_on(self) -> bool:
        """For a switch, as it is in force."""
        return self.saved == "on"


def read_fields(slot: Slot, present: Mapping[Category, list[Entry]]) -> dict[str, Field]:
    """Every control by its name, as it is in force."""
    general = with_defaults([*present[Category.GENERAL], *present[Category.MONITORING]])
    warmup = {entry.name: entry.value for entry in present[Category.WARMUP]}
    documents = [entry.value for entry in present[Category.DEFAULT_DOCUMENTS]]
    values = {
        **{name: general[name] for name in TEXTS},
        **{name: general[name] for name in (*SWITCHES, *MONITORING)},
        **{f"warmup_{name}": warmup.get(name, "") for name in WARMUP},
        DOCUMENTS: "\n".join(documents),
        ALERTS: "\n".join(_alert_lines(present[Category.MONITORING])),
        "drain_limit_seconds": str(slot.drain_limit_seconds),
    }
    if slot.is_production:
        values["rollback_window_seconds"] = str(slot.rollback_window_seconds)
    else:
        values["is_auto_swapped"] = "on" if slot.is_auto_swapped else "off"
    return {name: Field(name, value, value, value) for name, value in values.items()}


def name_of_field(group: str, name: str) -> str:
    """The control that says an entry of a category."""
    if group == Category.MONITORING and name not in MONITORING:
        return ALERTS
    if group == Category.WARMUP:
        return f"warmup_{name}"
    return DOCUMENTS if group == Category.DEFAULT_DOCUMENTS else name


def take_typed(fields: dict[str, Field], data: QueryDict) -> None:
    """Take what a page sent; what it left alone follows what is in force."""
    for name, found in fields.items():
        if name not in data:
            continue
        base, typed = (_tidy(name, text) for text in (str(data.get(f"base-{name}", found.saved)), str(data[name])))
        found.base = found.saved if base == _tidy(name, found.saved) else base
        found.typed = found.saved if typed == base else typed


def _tidy(name: str, text: str) -> str:
    """As a browser may give it back: a field of one line has lost its line ends."""
    if name in LINES:
        return "\n".join(line.strip() for line in text.splitlines() if line.strip())
    return text.replace("\r", "").replace("\n", "").strip()


def general_entries(fields: dict[str, Field], present: list[Entry]) -> list[Entry]:
    """The general settings to be in force; what nobody touched stays as it is, also if it was never set."""
    return _entries({name: fields[name] for name in (*TEXTS, *SWITCHES)}, present)


def monitoring_entries(fields: dict[str, Field], present: list[Entry]) -> list[Entry]:
    """The settings of monitoring and diagnostics to be in force, with the alert rules."""
    former = {entry.name: entry for entry in present if entry.name.startswith(PREFIX)}
    others = [entry for entry in present if entry.name not in former]
    rules = list(former.values())
    if fields[ALERTS].is_changed:
        lines = (line.partition(":") for line in fields[ALERTS].typed.splitlines())
        rules = [Entry(f"{PREFIX}{name.strip()}", text.strip()) for name, _, text in lines]
        rules = [replace(rule, is_sticky=rule.name in former and former[rule.name].is_sticky) for rule in rules]
    switches = _entries({name: fields[name] for name in MONITORING}, others)
    return sorted([*switches, *rules], key=lambda entry: entry.name)


def _alert_lines(present: list[Entry]) -> list[str]:
    return [f"{entry.name.removeprefix(PREFIX)}: {entry.value}" for entry in present if entry.name.startswith(PREFIX)]


def warmup_entries(fields: dict[str, Field], present: list[Entry]) -> list[Entry]:
    """The warm-up rules to be in force."""
    return _entries({name: fields[f"warmup_{name}"] for name in WARMUP}, present)


def _entries(fields: Mapping[str, Field], present: list[Entry]) -> list[Entry]:
    """Each entry that is there, unless its control was changed; and each changed one that is not empty."""
    touched = {name for name, found in fields.items() if found.is_changed}
    kept = [entry for entry in present if entry.name not in touched]
    return sorted(
        [*kept, *(Entry(name, fields[name].typed) for name in touched if fields[name].typed)],
        key=lambda entry: entry.name,
    )


def document_entries(fields: dict[str, Field], present: list[Entry]) -> list[Entry]:
    """The default documents to be in force; their names are their places."""
    found = fields[DOCUMENTS]
    if not found.is_changed:
        return present
    return [Entry(f"{place:03}", value) for place, value in enumerate(found.typed.splitlines(), start=1)]


def swap_settings(fields: dict[str, Field]) -> tuple[dict[str, int], list[Fault]]:
    """What of drain limit, roll-back window and auto swap is to change, and what of it is no number."""
    changed: dict[str, int] = {}
    faults = []
    for name in SECONDS:
        if name not in fields or not fields[name].is_changed:
            continue
        typed = fields[name].typed
        if typed.isdecimal() and len(typed) <= 9:
            changed[name] = int(typed)
        else:
            faults.append(fault_of_swap_setting(name, f"'{typed}' is no number of seconds; type a whole number"))
    if "is_auto_swapped" in fields and fields["is_auto_swapped"].is_changed:
        changed["is_auto_swapped"] = fields["is_auto_swapped"].is_on
    return changed, faults
