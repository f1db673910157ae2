"""Values of two slots beside each other: shown to whoever asks, which is recorded, and copied from one to the other."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction

from sites import access
from sites.errors import ChangedMeanwhile, NotFound, Refused
from sites.models import Category, Operation, Slot
from sites.models.fields import keyed_digests
from sites.operations.kinds.change_settings import CHANGE_SETTINGS
from sites.services import operations, settings
from sites.services.captions import caption_of
from sites.services.compare import ComparedSetting, Comparison, compare
from sites.services.entry import MASKED, Entry
from sites.services.secrets import reveal_settings

COPIED = frozenset(Category) - {Category.MOUNTS}
"""A persistent folder is more than its entry: its files would stay where they are."""
HERE = " on the COMPARE page"


def reveal_comparison(
    *, acting_user: User, source: Slot, target: Slot, categories: Iterable[str], seen: Iterable[str] = ()
) -> Comparison:
    """Compare two slots with the values of app settings or connection strings; both slots record who asked.

    `seen` are the `marks` of what this person was shown before. Those categories are shown again, and recorded again
    only when a value is another one by now.

    Raises NotAllowed for a reader, NotFound for a category without hidden values.
    """
    wanted = frozenset(Category(category) for category in categories if category in MASKED)
    if not wanted:
        raise NotFound
    sides = [access.slot_for_change(acting_user, slot) for slot in (source, target)]
    before = {mark.partition(":")[0]: mark for mark in seen}
    again = {category: before[category] for category in MASKED - wanted if category in before}
    comparison = compare(source, target, revealed=wanted | again.keys())
    new = wanted | {
        category for category, mark in again.items() if mark not in _marks(acting_user, comparison, category)
    }
    asked = [
        (slot, category)
        for slot in sides
        for category, entries in sorted(settings.read_categories(slot, new).items())
        if entries
    ]
    for slot, category in asked:
        reveal_settings(acting_user=acting_user, slot=slot, category=category)
    return comparison


def marks(acting_user: User, comparison: Comparison) -> list[str]:
    """One mark for each category whose hidden values this comparison shows to this person.

    Only Greenroom can make one, and it holds for these values only. It tells nothing about them.
    """
    grouped = comparison.settings_by_category()
    shown = [category for category in sorted(MASKED) if any(map(_is_shown, grouped.get(category, ())))]
    return [_marks(acting_user, comparison, category)[0] for category in shown]


def _is_shown(setting: ComparedSetting) -> bool:
    return setting.source_value is not None or setting.target_value is not None


def _marks(acting_user: User, comparison: Comparison, category: Category) -> list[str]:
    """The mark under the newest key, and those under older ones."""
    found = comparison.settings_by_category().get(category, ())
    states = [(setting.name, setting.source_state, setting.target_state) for setting in found]
    text = json.dumps(["seen", acting_user.pk, comparison.source.pk, comparison.target.pk, category, states])
    return [f"{category}:{digest}" for digest in keyed_digests(text)]


def copy_state(own: str, former: str) -> str:
    """The state of a copy, of the states of its two entries; `former` is empty where `target` has none."""
    return f"{own}.{former}"


@dataclass(frozen=True, slots=True)
class Copy:
    """One value that may be copied: the entry as `source` has it, and what `target` has by its name."""

    source: Slot
    target: Slot
    category: Category
    entry: Entry
    former: Entry | None

    @property
    def title(self) -> str:
        """As a sentence has it: "App setting 'COLOUR'"."""
        return caption_of(self.category, self.entry.name, self.entry.value)

    @property
    def is_secret(self) -> bool:
        """Whether its value is hidden until somebody asks."""
        return self.category in MASKED

    @property
    def state(self) -> str:
        """A digest of both sides, which tells nothing about the values."""
        former = settings.entry_state(self.category, self.former) if self.former else ""
        return copy_state(settings.entry_state(self.category, self.entry), former)

    def is_state(self, digest: str) -> bool:
        """Whether both sides are as they were when `state` gave that."""
        own, _, former = digest.partition(".")
        is_former = settings.is_entry_state(self.category, self.former, former) if self.former else not former
        return is_former and settings.is_entry_state(self.category, self.entry, own)


def planned_copy(source: Slot, target: Slot, category: str, name: str, shown: str | None = None) -> Copy:
    """What copying would do. `shown` is the `state` of both sides as the person saw them.

    Raises NotFound where `source` has no such value, Refused where both have the same, and ChangedMeanwhile when
    `shown` is another state by now.
    """
    if category not in COPIED or source.site_id != target.site_id or source.pk == target.pk:
        raise NotFound
    kind = Category(category)
    here, there = ({entry.name: entry for entry in settings.read_settings(slot, kind)} for slot in (source, target))
    if name not in here:
        raise NotFound
    plan = Copy(source, target, kind, here[name], there.get(name))
    if plan.entry == plan.former:
        raise Refused(f"{plan.title} is the same in '{source.title}' and '{target.title}'; nothing was copied.")
    if shown is not None and not plan.is_state(shown):
        raise ChangedMeanwhile(what=plan.title, how=HERE)
    return plan


def copy_setting(
    *,
    acting_user: User,
    source: Slot,
    target: Slot,
    category: str,
    name: str,
    expected: str | None = None,
    only_if: Callable[[Slot, Slot], None] | None = None,
) -> Operation:
    """Give `target` the value that `source` has by that name. A slot setting stays one, in both.

    `expected` is the `state` of the copy that the person agreed to; `only_if` is given both slots, and raises what
    keeps it from being done. Raises ChangedMeanwhile when the state is another one by now, NotFound, Refused,
    SettingRefused, NotAllowed and SlotBusy.
    """
    source = access.slot_for_change(acting_user, source)
    target = access.slot_for_change(acting_user, target)
    with transaction.atomic():
        state = settings.state_of(target, [category])
        plan = planned_copy(source, target, category, name, expected)
        if only_if is not None:
            only_if(source, target)
        others = [entry for entry in settings.read_settings(target, category) if entry.name != name]
        operation = settings.save_categories(
            acting_user=acting_user, slot=target, categories={plan.category: [*others, plan.entry]}, expected=state
        )
        _record(acting_user, plan)
    return operation


def _record(acting_user: User, plan: Copy) -> None:
    record = CHANGE_SETTINGS.record(
        acting_user=acting_user,
        actor_name=access.name_of(acting_user),
        site=plan.target.site,
        target=plan.target.title,
        outcome=f"{plan.title} was copied from '{plan.source.title}' to '{plan.target.title}'.",
    )
    operations.dismiss(acting_user=acting_user, operation=record)  # the bar of the save says more
