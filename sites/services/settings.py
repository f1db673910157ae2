"""Read and save the configuration of a slot."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils.crypto import salted_hmac

from sites import access
from sites.errors import Outdated, SettingRefused
from sites.general_settings import GENERAL_DEFAULTS
from sites.models import Category, Operation, OperationState, Site, Slot, SlotSetting, StickyName
from sites.models.clock import now
from sites.models.present import present
from sites.operations.kinds import kind_of, names_where
from sites.operations.kinds.change_settings import CHANGE_SETTINGS
from sites.planning import configuration, fault_of_environment, make_plan
from sites.services import capacity, requests, slots
from sites.services.setting_faults import fault_of

TRAVELLING = "travelling"
"""Kind of a persistent folder that goes along with a swap; otherwise the first swap would take the data away."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a category. `kind` is the type of a connection string, TRAVELLING of such a folder, else empty."""

    name: str
    value: str
    kind: str = ""
    is_sticky: bool = False


def read_categories(slot: Slot, categories: Iterable[str]) -> dict[Category, list[Entry]]:
    """The entries in force in the slot, its own and those of its workload, by category and name; two queries."""
    wanted = [Category(category) for category in categories]
    rows = list(slot.settings.filter(category__in=wanted))
    if slot.workload is not None:
        rows += slot.workload.settings.filter(category__in=wanted)
    rows.sort(key=lambda row: row.name)
    return {category: [_entry(row) for row in rows if row.category == category] for category in wanted}


def read_settings(slot: Slot, category: str) -> list[Entry]:
    """The entries of one category, by name."""
    return read_categories(slot, [category])[Category(category)]


def sticky_names(site: Site) -> dict[Category, frozenset[str]]:
    """The names that stick in every slot of the site, by category; one query."""
    found: dict[Category, frozenset[str]] = {}
    for category, name in site.sticky_names.values_list("category", "name"):
        found[Category(category)] = found.get(Category(category), frozenset()) | {name}
    return found


def with_defaults(entries: Iterable[Entry]) -> dict[str, str]:
    """The general settings by name, with the defaults of those that were never set."""
    return GENERAL_DEFAULTS | {entry.name: entry.value for entry in entries}


def _entry(row: SlotSetting) -> Entry:
    if row.category == Category.MOUNTS:
        return Entry(row.name, row.value, "" if row.is_sticky else TRAVELLING, row.is_sticky)
    if row.category != Category.CONNECTION_STRINGS:
        return Entry(row.name, row.value, is_sticky=row.is_sticky)
    stored = json.loads(row.value)
    return Entry(row.name, stored["value"], stored["type"], row.is_sticky)


def are_in_force(slot: Slot) -> bool:
    """Whether what runs in the slot was started under the settings that it has; true where nothing runs.

    They differ after a save whose instances did not start, until something else brings them in.
    """
    live = slot.live_revision
    if live is None or not slot.is_running:
        return True
    wanted = json.loads(make_plan(slot, slot.occupant, slot.occupant.active_deployment).snapshot)
    return all(wanted[part] == live.runnable[part] for part in ("env", "mounts", "switches"))


def save_settings(*, acting_user: User, slot: Slot, category: str, entries: Iterable[Entry]) -> Operation:
    """As `save_categories`, for one category."""
    return save_categories(acting_user=acting_user, slot=slot, categories={Category(category): entries})


def save_categories(
    *,
    acting_user: User,
    slot: Slot,
    categories: Mapping[Category, Iterable[Entry]],
    expected: str | None = None,
    swap_settings: Mapping[str, int] | None = None,
) -> Operation:
    """Replace the entries of each category and roll the instances onto them, warm, without a lost request.

    `expected` is the `state_of` the categories when the person began to edit; `swap_settings` are what
    `slots.change_swap_settings` takes. Raises SettingRefused for a name or value that cannot be taken and Outdated
    when somebody else saved meanwhile; nothing is saved then.
    """
    slot = access.slot_for_change(acting_user, slot)
    wanted = {Category(category): list(entries) for category, entries in categories.items()}
    for category, entries in wanted.items():
        _check(category, entries)
    of_the_slot = slots.changed_swap_settings(slot, swap_settings or {})
    with transaction.atomic():
        operation = requests.begin(
            CHANGE_SETTINGS, acting_user=acting_user, site=slot.site, slots=[slot], target=slot.title
        )
        slot.refresh_from_db(fields=["workload", *slots.SWAP_SETTINGS])
        if expected is not None and expected != state_of(slot, wanted):
            raise _outdated(slot, operation)
        for category, entries in wanted.items():
            if category == Category.MOUNTS:
                _check_folders(slot, entries)
            if sorted(entries, key=lambda entry: entry.name) != read_settings(slot, category):
                _replace(slot, category, entries)
        Slot.objects.filter(pk=slot.pk).update(**of_the_slot)
        _check_environment(slot)
        capacity.ensure_fits(operation, operation.changes.loaded())
        return operation


def state_of(slot: Slot, categories: Iterable[str]) -> str:
    """A keyed digest of what is in force in the categories and for swaps; tells nothing about the values."""
    entries = [
        entry_state(category, entry)
        for category, found in sorted(read_categories(slot, categories).items())
        for entry in found
    ]
    return _digest([*entries, slot.drain_limit_seconds, slot.rollback_window_seconds, slot.is_auto_swapped])


def entry_state(category: str, entry: Entry) -> str:
    """A keyed digest of one entry, to tell whether it is still the same without showing its value."""
    return _digest([category, *astuple(entry)])


def _digest(parts: list[object]) -> str:
    return salted_hmac("configuration", json.dumps(parts), algorithm="sha256").hexdigest()


def _outdated(slot: Slot, own: Operation) -> Outdated:
    """Names who changed it last: by a save, by what exchanged the slots, or by a mark set in another slot."""
    saves = Q(kind__in=names_where(lambda kind: kind.stays_saved))
    swaps = Q(swap__isnull=False, state=OperationState.SUCCEEDED)
    done = Operation.objects.filter(site=slot.site).exclude(pk=own.pk)
    last = done.filter(saves & Q(target=slot.title) | swaps).first() or done.filter(saves).first()
    if last is None:
        return Outdated(person="Somebody", did=f"changed '{slot.title}'", at="some time")
    did = f"saved the configuration of '{last.target}'"
    kind = kind_of(last)
    if not kind.stays_saved:
        did = f"{'rolled back' if kind.is_roll_back else 'swapped'} '{slot.site.name}'"
    day = "" if last.created_at.date() == now().date() else f"{last.created_at:%B %d}, "
    return Outdated(person=last.actor_name, did=did, at=f"{day}{last.created_at:%H:%M} UTC")


def shared_connection_strings(slot: Slot) -> list[str]:
    """Names of the connection strings that a staging slot still has in common with production, value for value."""
    if slot.is_production:
        return []
    production = slot.site.slots.select_related("workload").get(is_production=True)
    theirs = {entry.name: entry.value for entry in read_settings(production, Category.CONNECTION_STRINGS)}
    ours = read_settings(slot, Category.CONNECTION_STRINGS)
    return [entry.name for entry in ours if theirs.get(entry.name) == entry.value]


def _replace(slot: Slot, category: Category, entries: list[Entry]) -> None:
    slot.settings.filter(category=category).delete()
    slot.occupant.settings.filter(category=category).delete()
    for entry in entries:
        is_sticky = entry.kind != TRAVELLING if category == Category.MOUNTS else entry.is_sticky
        _keep_sticky_name(slot, category, entry.name, is_sticky=is_sticky)
        value = entry.value
        if category == Category.CONNECTION_STRINGS:
            value = json.dumps({"type": entry.kind or "Custom", "value": entry.value})
        owner = {"slot": slot} if is_sticky else {"workload": slot.workload}
        SlotSetting.objects.create(site=slot.site, category=category, name=entry.name, value=value, **owner)


def _keep_sticky_name(slot: Slot, category: Category, name: str, *, is_sticky: bool) -> None:
    """A name sticks in every slot of its site or in none: entries elsewhere follow to their new owner."""
    names = StickyName.objects.filter(site=slot.site, category=category, name=name)
    if names.exists() == is_sticky:
        return
    if is_sticky:
        StickyName.objects.create(site=slot.site, category=category, name=name)
    else:
        names.delete()
    for other in slot.site.slots.exclude(pk=slot.pk).select_related("workload"):
        old = {"workload": other.workload} if is_sticky else {"slot": other}
        new = {"slot": other, "workload": None} if is_sticky else {"slot": None, "workload": other.workload}
        moved = SlotSetting.objects.filter(category=category, name=name, **old)
        if moved.exists():
            requests.ensure_free([other], wanted=CHANGE_SETTINGS)  # what it prepares holds the old mark
            moved.update(**new)


def _check(category: str, entries: list[Entry]) -> None:
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
            raise _refused(entry.value if category == Category.DEFAULT_DOCUMENTS else entry.name, reason)
        seen |= {entry.name, place or entry.name}


def _nested(place: str, others: set[str]) -> str | None:
    """A folder in which the place lies, or the other way round: the runtime shows none inside another one."""
    for other in others:
        if f"{place}/".startswith(f"{other}/") or other.startswith(f"{place}/"):
            return other
    return None


def _check_environment(slot: Slot) -> None:
    """What is in force now, together: each entry alone may be small enough."""
    fault = fault_of_environment(configuration(slot, slot.occupant).env)
    if fault is not None:
        raise SettingRefused(f"The settings cannot be saved: {fault}. Nothing was saved; shorten them and save again.")


def _check_folders(slot: Slot, entries: list[Entry]) -> None:
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
