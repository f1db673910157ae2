"""Read and save the configuration of a slot."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

from sites import access, capacity
from sites.errors import Fault, Outdated
from sites.general_settings import GENERAL_DEFAULTS, MONITORING_DEFAULTS
from sites.models import Category, Operation, OperationState, Slot, SlotSetting, StickyName
from sites.models.clock import now
from sites.models.fields import keyed_digests
from sites.operations.kinds import kind_of, names_where
from sites.operations.kinds.change_settings import CHANGE_SETTINGS
from sites.planning import make_plan
from sites.services import requests, slots, sticky_names
from sites.services.entry import MASKED, TRAVELLING, Entry
from sites.services.setting_checks import (
    check_start,
    faults_of,
    faults_of_endpoints,
    faults_of_folders,
    faults_of_variables,
    refuse,
)


def read_categories(slot: Slot, categories: Iterable[str]) -> dict[Category, list[Entry]]:
    """The entries in force in the slot, its own and those of its workload, by category and name; two queries."""
    wanted = [Category(category) for category in categories]
    rows = list(slot.settings.filter(category__in=wanted))
    if slot.workload is not None:
        rows += slot.workload.settings.filter(category__in=wanted)
    rows.sort(key=lambda row: row.name)
    return {category: [entry_of(row) for row in rows if row.category == category] for category in wanted}


def read_settings(slot: Slot, category: str) -> list[Entry]:
    """The entries of one category, by name."""
    return read_categories(slot, [category])[Category(category)]


def with_defaults(entries: Iterable[Entry]) -> dict[str, str]:
    """The switches by name, with the defaults of those that were never set."""
    return GENERAL_DEFAULTS | MONITORING_DEFAULTS | {entry.name: entry.value for entry in entries}


def entry_of(row: SlotSetting) -> Entry:
    """The entry as it is stored in a row."""
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
    wanted = json.loads(make_plan(slot, slot.current_workload, slot.current_workload.active_deployment).snapshot)
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
    faults: Sequence[Fault] = (),
) -> Operation:
    """Replace the entries of each category and roll the instances onto them, warm, without a lost request.

    `expected` is the `state_of` the categories when the person began to edit; `swap_settings` are what
    `slots.change_swap_settings` takes; `faults` are what the caller could not read. Raises SettingRefused with every
    name and value that cannot be taken, and Outdated when somebody else saved meanwhile; nothing is saved then.
    """
    slot = access.slot_for_change(acting_user, slot)
    wanted = {Category(category): list(entries) for category, entries in categories.items()}
    refuse([*faults, *_faults(slot, wanted), *slots.faults_of_swap_settings(slot, swap_settings or {})])
    of_the_slot = slots.changed_swap_settings(slot, swap_settings or {})
    with transaction.atomic():
        operation = requests.begin(
            CHANGE_SETTINGS, acting_user=acting_user, site=slot.site, slots=[slot], target=slot.title
        )
        slot.refresh_from_db(fields=["workload", *slots.SWAP_SETTINGS])
        if expected is not None and not _is_state(slot, wanted, expected):
            raise _outdated(slot, operation)
        for category, entries in wanted.items():
            if category == Category.MOUNTS:
                refuse(list(faults_of_folders(slot, entries)))  # again, now that nobody else can save one
            if sorted(entries, key=lambda entry: entry.name) != read_settings(slot, category):
                _replace(slot, category, entries)
        Slot.objects.filter(pk=slot.pk).update(**of_the_slot)
        check_start(slot)
        capacity.ensure_fits(operation, operation.changes.loaded())
        return operation


def give(slot: Slot, categories: Mapping[Category, Iterable[Entry]]) -> None:
    """Entries of a slot that is being created; belongs in its transaction. Raises SettingRefused."""
    wanted = {Category(category): list(entries) for category, entries in categories.items()}
    refuse(_faults(slot, wanted))
    for category, entries in wanted.items():
        _replace(slot, category, entries)
    check_start(slot)


def _faults(slot: Slot, wanted: Mapping[Category, list[Entry]]) -> list[Fault]:
    """Everything that cannot be in force beside what the slot has."""
    found = [fault for category, entries in wanted.items() for fault in faults_of(category, entries)]
    if Category.MONITORING in wanted:
        present = read_settings(slot, Category.MONITORING)
        found += faults_of_endpoints(slot, wanted[Category.MONITORING], present)
    if wanted.keys() & MASKED:
        found += faults_of_variables({**read_categories(slot, MASKED), **wanted})
    if Category.MOUNTS in wanted:
        found += faults_of_folders(slot, wanted[Category.MOUNTS])
    return found


def state_of(slot: Slot, categories: Iterable[str]) -> str:
    """A keyed digest of what is in force in the categories and for swaps; tells nothing about the values."""
    return keyed_digests(described(slot, categories))[0]


def _is_state(slot: Slot, categories: Iterable[str], digest: str) -> bool:
    """Whether `state_of` gives that digest, or gave it before the newest key was made."""
    return digest in keyed_digests(described(slot, categories))


def described(slot: Slot, categories: Iterable[str]) -> str:
    """What is in force in the categories and for swaps, as one text. It holds secrets: show digests of it only."""
    entries = [
        (category, *astuple(entry))
        for category, found in sorted(read_categories(slot, categories).items())
        for entry in found
    ]
    return json.dumps([entries, slot.drain_limit_seconds, slot.rollback_window_seconds, slot.is_auto_swapped])


def entry_state(category: str, entry: Entry) -> str:
    """A keyed digest of one entry, to tell whether it is still the same without showing its value."""
    return keyed_digests(_entry_described(category, entry))[0]


def is_entry_state(category: str, entry: Entry, digest: str) -> bool:
    """Whether `entry_state` gives that digest, or gave it before the newest key was made."""
    return digest in keyed_digests(_entry_described(category, entry))


def _entry_described(category: str, entry: Entry) -> str:
    """Line ends are all the same here: a browser gives them back as it likes."""
    return json.dumps([category, entry.name, with_plain_line_ends(entry.value), entry.kind, entry.is_sticky])


def with_plain_line_ends(value: str) -> str:
    """Every line end, CR LF or CR or LF, as LF."""
    return value.replace("\r\n", "\n").replace("\r", "\n")


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
    slot.current_workload.settings.filter(category=category).delete()
    for entry in entries:
        is_sticky = entry.kind != TRAVELLING if category == Category.MOUNTS else entry.is_sticky
        _keep_sticky_name(slot, category, entry.name, is_sticky=is_sticky)
        value = entry.value
        if category == Category.CONNECTION_STRINGS:
            value = json.dumps({"type": entry.kind or "Custom", "value": entry.value})
        owner = {"slot": slot} if is_sticky else {"workload": slot.workload}
        SlotSetting.objects.create(site=slot.site, category=category, name=entry.name, value=value, **owner)


def _keep_sticky_name(slot: Slot, category: Category, name: str, *, is_sticky: bool) -> None:
    """A name sticks in every slot of its site or in none."""
    if StickyName.objects.filter(site=slot.site, category=category, name=name).exists() != is_sticky:
        others = slot.site.slots.exclude(pk=slot.pk)
        sticky_names.mark(slot.site, category, name, is_sticky=is_sticky, slots=others)
