"""What cannot be saved as the configuration of a slot: every fault, at the entry that has it."""

from collections.abc import Iterator, Mapping, Sequence

from django.db.models import Q

from sites.errors import Fault, SettingRefused
from sites.general_settings import ENDPOINTS
from sites.models import Category, Mode, Slot, SlotSetting
from sites.models.required import required
from sites.monitoring.alert_rules import MAX_RULES, PREFIX
from sites.planning import configuration, fault_of_environment, variables_of
from sites.services.captions import caption_of
from sites.services.entry import MASKED, TRAVELLING, Entry
from sites.services.setting_faults import MAX_BYTES, fault_of, part_at_fault


def faults_of(category: Category, entries: Sequence[Entry]) -> Iterator[Fault]:
    """What cannot be saved of a category, for itself."""
    seen: set[str] = set()
    for number, entry in enumerate(entries):
        reason = fault_of(category, entry.name, entry.value, entry.kind)
        part = "value" if reason is None else part_at_fault(category, entry.name, entry.value)
        if reason is None and entry.name in seen:
            reason, part = "it is there twice; keep one of the two", "name"
        place = entry.value.rstrip("/") if category == Category.MOUNTS else None
        if reason is None and place in seen:
            reason = f"another folder is shown at {place} already"
        if reason is None and place is not None and (other := _nested(place, seen)):
            reason = f"{place} and {other} lie within each other, and a folder cannot be shown inside another one"
        if reason is not None:
            yield fault_at(category, number, entry, reason, part)
        seen |= {entry.name, place or entry.name}
    if sum(entry.name.startswith(PREFIX) for entry in entries) > MAX_RULES and category == Category.MONITORING:
        yield Fault((category.value,), "Alert rules", f"a slot has {MAX_RULES} at most; leave some out")
    if sum(len(f"{entry.name}{entry.value}") + 8 for entry in entries) > MAX_BYTES and category not in MASKED:
        reason = f"together they are longer than {MAX_BYTES:,} characters, which no program can be given"
        yield Fault((category.value,), category.label.capitalize(), reason)


def fault_at(category: Category, number: int, entry: Entry, reason: str, part: str = "value") -> Fault:
    """A fault of one entry, by the words beside its field. The API lists default documents, and names all others."""
    place = str(number) if category == Category.DEFAULT_DOCUMENTS else entry.name
    caption = caption_of(category, entry.name, entry.value)
    return Fault((category.value, place), caption, reason, number, part)


def faults_of_endpoints(slot: Slot, entries: Sequence[Entry], present: Sequence[Entry]) -> Iterator[Fault]:
    """A new web endpoint where the mode has none; one that is there rests until it has."""
    if Mode(slot.site.mode).limits.has_endpoints:
        return
    for number, entry in enumerate(entries):
        if entry.name in ENDPOINTS and entry not in present:
            reason = f"web endpoints are not available in {Mode(slot.site.mode).label} mode, only in Standard"
            yield fault_at(Category.MONITORING, number, entry, reason)


def faults_of_variables(entries: Mapping[Category, Sequence[Entry]]) -> Iterator[Fault]:
    """Entries that become the same variable, where one would hide the other; those with a fault of their own become
    none."""
    owners: dict[str, Entry] = {}
    for category in (Category.APP_SETTINGS, Category.CONNECTION_STRINGS):
        for number, entry in enumerate(entries[category]):
            if fault_of(category, entry.name, entry.value, entry.kind) is not None:
                continue
            for variable in variables_of(category, entry.name, entry.kind or "Custom"):
                owner = owners.setdefault(variable, entry)
                if owner.name != entry.name:
                    reason = f"it becomes the variable {variable}, as '{owner.name}' does"
                    yield fault_at(category, number, entry, reason, "name")


def faults_of_folders(slot: Slot, entries: Sequence[Entry]) -> Iterator[Fault]:
    """A folder's files lie with whatever owns its row: under another mark the application would find it empty."""
    wanted = {entry.name: (number, entry) for number, entry in enumerate(entries)}
    held = Q(slot__isnull=False) | Q(workload__slot__isnull=False)
    rows = SlotSetting.objects.filter(held, site=slot.site, category=Category.MOUNTS, name__in=wanted)
    for row in rows.select_related("slot__site", "workload__slot__site"):
        number, entry = wanted[row.name]
        if row.is_sticky == (entry.kind != TRAVELLING):
            continue
        holder = row.slot or required(row.workload, "the owner of a setting").slot
        mark = "stays with its slot" if row.is_sticky else "goes along with the content"
        reason = f"in '{holder.title}' it {mark}, and its files would be left behind; take another name"
        yield fault_at(Category.MOUNTS, number, entry, reason, "name")


def refuse(faults: Sequence[Fault]) -> None:
    """Raise SettingRefused with all of them; nothing when there are none."""
    if faults:
        raise SettingRefused.of(faults)


def check_start(slot: Slot) -> None:
    """Refuse what is in force now if no process could be started with it: each entry alone may be small enough."""
    fault = fault_of_environment(configuration(slot, slot.current_workload).env)
    if fault is not None:
        raise SettingRefused(f"The settings cannot be saved: {fault}. Nothing was saved; shorten them and save again.")


def _nested(place: str, others: set[str]) -> str | None:
    """A folder in which the place lies, or the other way round: the runtime shows none inside another one."""
    for other in others:
        if f"{place}/".startswith(f"{other}/") or other.startswith(f"{place}/"):
            return other
    return None
