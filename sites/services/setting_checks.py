"""What cannot be saved as the configuration of a slot; each check raises SettingRefused."""

from collections.abc import Mapping

from django.db.models import Q

from sites.errors import SettingRefused
from sites.general_settings import ENDPOINTS, TITLES
from sites.models import Category, Mode, Slot, SlotSetting
from sites.models.required import required
from sites.monitoring.alert_rules import MAX_RULES, PREFIX
from sites.planning import configuration, fault_of_environment, variables_of
from sites.services.entry import MASKED, TRAVELLING, Entry
from sites.services.setting_faults import MAX_BYTES, fault_of


def check_entries(category: str, entries: list[Entry]) -> None:
    """Refuse what cannot be saved of a category."""
    seen: set[str] = set()
    for entry in entries:
        reason = fault_of(category, entry.name, entry.value, entry.kind)
        if reason is None and entry.name in seen:
            reason = "it is there twice; keep one of the two"
        place = entry.value.rstrip("/") if category == Category.MOUNTS else None
        if reason is None and place in seen:
            reason = f"another folder is shown at {place} already"
        if reason is None and place is not None and (other := _nested(place, seen)):
            reason = f"{place} and {other} lie within each other, and a folder cannot be shown inside another one"
        if reason is not None:
            raise _refused(entry.value if category == Category.DEFAULT_DOCUMENTS else entry.name, reason, category)
        seen |= {entry.name, place or entry.name}
    if sum(entry.name.startswith(PREFIX) for entry in entries) > MAX_RULES and category == Category.MONITORING:
        raise SettingRefused(f"A slot has {MAX_RULES} alert rules at most. Nothing was saved yet; leave some out.")
    if sum(len(f"{entry.name}{entry.value}") + 8 for entry in entries) > MAX_BYTES and category not in MASKED:
        raise SettingRefused(
            f"All {Category(category).label} together are longer than {MAX_BYTES:,} characters, which no program "
            "can be given. Nothing was saved yet; leave some out and save again."
        )


def check_endpoints(slot: Slot, entries: list[Entry], present: list[Entry]) -> None:
    """Refuse a new web endpoint where the mode has none; one that is there rests until it has."""
    if Mode(slot.site.mode).limits.has_endpoints:
        return
    for entry in entries:
        if entry.name in ENDPOINTS and entry not in present:
            mode = Mode(slot.site.mode).label
            reason = f"web endpoints are not available in {mode} mode, only in Standard"
            raise _refused(entry.name, reason, Category.MONITORING)


def check_environment(entries: Mapping[Category, list[Entry]]) -> None:
    """Refuse entries that become the same variable, where one would hide the other."""
    owners: dict[str, Entry] = {}
    for category in MASKED:
        for entry in entries[category]:
            for variable in variables_of(category, entry.name, entry.kind or "Custom"):
                if variable in owners:
                    raise _refused(entry.name, f"it becomes the variable {variable}, as '{owners[variable].name}' does")
                owners[variable] = entry


def check_start(slot: Slot) -> None:
    """Refuse what is in force now if no process could be started with it: each entry alone may be small enough."""
    fault = fault_of_environment(configuration(slot, slot.current_workload).env)
    if fault is not None:
        raise SettingRefused(f"The settings cannot be saved: {fault}. Nothing was saved; shorten them and save again.")


def check_folders(slot: Slot, entries: list[Entry]) -> None:
    """A folder's files lie with whatever owns its row: under another mark the application would find it empty."""
    is_sticky = {entry.name: entry.kind != TRAVELLING for entry in entries}
    held = Q(slot__isnull=False) | Q(workload__slot__isnull=False)
    rows = SlotSetting.objects.filter(held, site=slot.site, category=Category.MOUNTS, name__in=is_sticky)
    for row in rows.select_related("slot__site", "workload__slot__site"):
        if row.is_sticky != is_sticky[row.name]:
            holder = row.slot or required(row.workload, "the owner of a setting").slot
            mark = "stays with its slot" if row.is_sticky else "goes along with the content"
            raise _refused(
                row.name, f"in '{holder.title}' it {mark}, and its files would be left behind; take another name"
            )


def _nested(place: str, others: set[str]) -> str | None:
    """A folder in which the place lies, or the other way round: the runtime shows none inside another one."""
    for other in others:
        if f"{place}/".startswith(f"{other}/") or other.startswith(f"{place}/"):
            return other
    return None


def _refused(name: str, reason: str, category: str = "") -> SettingRefused:
    shown = f"'{name}'" if name else "A row without a name"
    if category == Category.MONITORING:
        is_rule = name.startswith(PREFIX)
        shown = f"The alert rule '{name.removeprefix(PREFIX)}'" if is_rule else TITLES.get(name, shown)
    return SettingRefused(f"{shown} cannot be saved: {reason}. Nothing was saved yet; change it and save again.")
