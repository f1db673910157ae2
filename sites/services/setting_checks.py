"""What cannot be saved as the configuration of a slot; each check raises SettingRefused."""

from collections.abc import Mapping

from django.db.models import Q

from sites.errors import SettingRefused
from sites.models import Category, Slot, SlotSetting
from sites.models.present import present
from sites.planning import variables_of
from sites.services.entry import MASKED, TRAVELLING, Entry
from sites.services.setting_faults import MOST_BYTES, MOST_BYTES_TOGETHER, fault_of


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
        if reason is not None:
            raise _refused(entry.value if category == Category.DEFAULT_DOCUMENTS else entry.name, reason)
        seen |= {entry.name, place or entry.name}
    if sum(len(f"{entry.name}{entry.value}") + 8 for entry in entries) > MOST_BYTES and category not in MASKED:
        raise SettingRefused(
            f"All {Category(category).label} together are longer than {MOST_BYTES:,} characters, which no program "
            "can be given. Nothing on this page was saved yet; leave some out and save again."
        )


def check_environment(entries: Mapping[Category, list[Entry]]) -> None:
    """Refuse entries that become the same variable, where one would hide the other, and more than can be passed on."""
    owners: dict[str, Entry] = {}
    size = 0
    for category in MASKED:
        for entry in entries[category]:
            for variable in variables_of(category, entry.name, entry.kind or "Custom"):
                if variable in owners:
                    raise _refused(entry.name, f"it becomes the variable {variable}, as '{owners[variable].name}' does")
                owners[variable] = entry
                size += len(f"{variable}={entry.value}".encode()) + 1
    if size > MOST_BYTES_TOGETHER:
        largest = max(owners.values(), key=lambda entry: len(entry.value))
        reason = f"all variables together have {size:,} bytes, and {MOST_BYTES_TOGETHER:,} are possible"
        raise _refused(largest.name, f"{reason}; it is the largest, and a file can hold more")


def check_folders(slot: Slot, entries: list[Entry]) -> None:
    """A folder's files lie with whatever owns its row: under another mark the application would find it empty."""
    is_sticky = {entry.name: entry.kind != TRAVELLING for entry in entries}
    held = Q(slot__isnull=False) | Q(workload__slot__isnull=False)
    rows = SlotSetting.objects.filter(held, site=slot.site, category=Category.MOUNTS, name__in=is_sticky)
    for row in rows.select_related("slot__site", "workload__slot__site"):
        if row.is_sticky != is_sticky[row.name]:
            holder = row.slot or present(row.workload, "the owner of a setting").slot
            mark = "stays with its slot" if row.is_sticky else "goes along with the content"
            raise _refused(
                row.name, f"in '{holder.title}' it {mark}, and its files would be left behind; take another name"
            )


def _refused(name: str, reason: str) -> SettingRefused:
    shown = f"'{name}'" if name else "A row without a name"
    return SettingRefused(
        f"{shown} cannot be saved: {reason}. Nothing on this page was saved yet; change it and save again."
    )
