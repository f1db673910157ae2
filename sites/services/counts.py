"""Instance counts that are asked for, held against the mode."""

from collections.abc import Iterable, Mapping

from sites.errors import InstanceCountRefused
from sites.models import Mode, Slot


def check_count(slot: Slot, count: int, mode: Mode) -> None:
    """Raises InstanceCountRefused for more or fewer than the mode has."""
    if not 1 <= count <= mode.max_instances:
        raise InstanceCountRefused(
            count=count, name=slot.title, mode=mode.label, most=mode.max_instances, present=slot.instance_count
        )


def checked_counts(slots: Iterable[Slot], mode: Mode, wanted: Mapping[int, int]) -> dict[int, int]:
    """By slot id: what is wanted, or what the slot has as far as the mode allows. Raises InstanceCountRefused."""
    counts = {}
    for slot in slots:
        counts[slot.pk] = wanted.get(slot.pk, min(slot.instance_count, mode.max_instances))
        check_count(slot, counts[slot.pk], mode)
    return counts
