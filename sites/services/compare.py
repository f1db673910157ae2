"""What two slots have in common and what tells them apart; reads only, and never shows a secret."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Q

from sites.content import store
from sites.general_settings import GENERAL_DEFAULTS, MONITORING_DEFAULTS, WARMUP_DEFAULTS
from sites.models import Category, OperationState, Slot, SlotSetting, Swap
from sites.services.captions import title_of
from sites.services.settings import MASKED, entry_of, entry_state
from sites.services.swap_notices import Notice, swap_notices

DEFAULTS = {
    Category.GENERAL: GENERAL_DEFAULTS,
    Category.MONITORING: MONITORING_DEFAULTS,
    Category.WARMUP: WARMUP_DEFAULTS,
}
"""Of these an absent entry means its default, so that one that says the default is no difference."""


class Relation(StrEnum):
    """How one entry of the source is to that of the target."""

    SAME = "same"
    DIFFERENT = "different"
    ONLY_SOURCE = "only here"
    ONLY_TARGET = "only there"


@dataclass(frozen=True, slots=True)
class ContentDifference:
    """What the target's files would become; paths in order. The placeholder page counts as no files."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    gone: tuple[str, ...]

    @property
    def is_same(self) -> bool:
        """Whether not one file differs."""
        return not (self.added or self.changed or self.gone)


@dataclass(frozen=True, slots=True)
class ComparedSetting:
    """One entry by name. The values are None where there is neither entry nor default, and for a hidden secret."""

    category: Category
    name: str
    travels: bool
    """False: it stays with its slot on a swap."""
    relation: Relation
    source_value: str | None = None
    target_value: str | None = None
    is_in_source: bool = False
    is_in_target: bool = False
    """Whether there is an entry, not only a default."""
    source_state: str = ""
    target_state: str = ""
    """A keyed digest of the entry, which tells nothing about its value; empty where there is none."""

    @property
    def title(self) -> str:
        """The name as people read it."""
        return title_of(self.category, self.name)


@dataclass(frozen=True, slots=True)
class LastSwap:
    """When the two were last exchanged, and by whom; also by a roll-back."""

    switched_at: datetime
    actor_name: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two slots of a site; production is the target, from whichever side they were compared."""

    source: Slot
    target: Slot
    content: ContentDifference
    settings: tuple[ComparedSetting, ...]
    last_swap: LastSwap | None
    warnings: tuple[Notice, ...]

    def settings_by_category(self) -> dict[Category, list[ComparedSetting]]:
        """The settings as the page shows them; categories without an entry are left out."""
        grouped: dict[Category, list[ComparedSetting]] = {}
        for setting in self.settings:
            grouped.setdefault(setting.category, []).append(setting)
        return grouped


def compare(source: Slot, target: Slot, *, revealed: Collection[Category] = ()) -> Comparison:
    """Compare what is published to two slots and configured in them. Changes nothing; a constant number of queries.

    Values of secrets are there for `revealed` categories only; `compared_values` records that they were shown.
    """
    found = Slot.objects.select_related("site", "workload__active_deployment").in_bulk([source.pk, target.pk])
    source, target = found[source.pk], found[target.pk]
    if source.is_production:
        source, target = target, source
    settings = _compare_settings(source, target, revealed)
    differing = [one.title for one in settings if one.travels and one.relation != Relation.SAME]
    return Comparison(
        source=source,
        target=target,
        content=_compare_content(source, target),
        settings=settings,
        last_swap=_last_swap(source, target),
        warnings=tuple(swap_notices(source, target, differing)),
    )


def _compare_content(source: Slot, target: Slot) -> ContentDifference:
    here, there = _files(source), _files(target)
    return ContentDifference(
        added=tuple(sorted(here.keys() - there.keys())),
        changed=tuple(sorted(path for path in here.keys() & there.keys() if here[path] != there[path])),
        gone=tuple(sorted(there.keys() - here.keys())),
    )


def _files(slot: Slot) -> dict[str, store.FileEntry]:
    deployment = slot.workload.active_deployment if slot.workload else None
    return store.files(deployment.content_digest) if deployment else {}


def _compare_settings(source: Slot, target: Slot, revealed: Collection[Category]) -> tuple[ComparedSetting, ...]:
    here, there = _entries(source, target)
    compared = []
    for category, name in sorted(here.keys() | there.keys()):
        mine, other = here.get((category, name)), there.get((category, name))
        values = _value(category, name, mine), _value(category, name, other)
        shown = _shown(category, values) if category not in MASKED or category in revealed else (None, None)
        compared.append(
            ComparedSetting(
                category=Category(category),
                name=name,
                travels=not any(row.is_sticky for row in (mine, other) if row),
                relation=_relation(*values),
                source_value=shown[0],
                target_value=shown[1],
                is_in_source=mine is not None,
                is_in_target=other is not None,
                source_state=_state(mine),
                target_state=_state(other),
            )
        )
    return tuple(compared)


def _entries(source: Slot, target: Slot) -> tuple[dict, dict]:
    """The entries in force in each slot by category and name."""
    slots = [source, target]
    workloads = [slot.workload_id for slot in slots]
    rows = SlotSetting.objects.filter(Q(slot__in=slots) | Q(workload__in=workloads))
    here: dict[tuple[str, str], SlotSetting] = {}
    there: dict[tuple[str, str], SlotSetting] = {}
    for row in rows:
        is_here = row.slot_id == source.pk if row.is_sticky else row.workload_id == source.workload_id
        (here if is_here else there)[row.category, row.name] = row
    return here, there


def _value(category: str, name: str, row: SlotSetting | None) -> str | None:
    """What holds by that name; None: nothing."""
    if row is not None:
        return row.value
    return DEFAULTS.get(Category(category), {}).get(name)


def _state(row: SlotSetting | None) -> str:
    return entry_state(row.category, entry_of(row)) if row else ""


def _shown(category: str, values: tuple[str | None, str | None]) -> list[str | None]:
    """The values as people know them; that of a connection string without its type."""
    if category != Category.CONNECTION_STRINGS:
        return list(values)
    return [json.loads(value)["value"] if value is not None else None for value in values]


def _relation(mine: str | None, other: str | None) -> Relation:
    if other is None:
        return Relation.ONLY_SOURCE
    if mine is None:
        return Relation.ONLY_TARGET
    return Relation.SAME if mine == other else Relation.DIFFERENT


def _last_swap(source: Slot, target: Slot) -> LastSwap | None:
    done = Swap.objects.filter(source=source, target=target, operation__state=OperationState.SUCCEEDED)
    swap = done.select_related("operation").order_by("-switched_at").first()
    return LastSwap(swap.switched_at, swap.operation.actor_name) if swap and swap.switched_at else None
