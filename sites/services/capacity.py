"""Whether the instances that an operation is to start fit on this machine, beside those that there are."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Sum

from sites.errors import NotEnoughMemory
from sites.models import InstanceSize, Operation, Revision, Slot, SlotChange
from sites.operations.kinds import kind_of
from sites.planning import LIMITS, make_plan, memory_offered_mb


def ensure_fits(operation: Operation, changes: Iterable[SlotChange]) -> None:
    """The sum of the memory limits of all instances stays within the memory for web sites × MEMORY_OVERCOMMIT.

    Counted is what runs, whatever it is kept for, and what the operation needs beside it: a swap has up to four sets
    of instances at once. Belongs into the transaction that begins the operation. Raises NotEnoughMemory.
    """
    if not settings.MEMORY_OVERCOMMIT:
        return
    changes = [change for change in changes if change.starts]
    if not changes:
        return
    each = LIMITS[InstanceSize(operation.held_site.instance_size)].memory_mb
    offered = memory_offered_mb() * settings.MEMORY_OVERCOMMIT
    left = offered - _limits_of_all_mb()
    if sum(change.count_after for change in changes) * each <= left:
        return  # even if nothing that runs can be used again
    needed = sum(_new_instances(change) for change in changes) * each
    if needed > max(0, left):
        raise NotEnoughMemory(
            wanted=kind_of(operation).noun,
            name=operation.target,
            needed=f"{needed:,}",
            left=f"{max(0, left):,}",
            offered=f"{offered:,}",
        )


@dataclass(frozen=True, slots=True)
class Share:
    """What the instances of a slot may use together."""

    processors: float
    memory_bytes: int


def share_of(slot: Slot) -> Share:
    """By the size and the number of its instances."""
    each = LIMITS[InstanceSize(slot.site.instance_size)]
    return Share(each.cpus * slot.instance_count, each.memory_mb * slot.instance_count * 1024**2)


def totals_mb() -> tuple[int, int]:
    """The memory limits of all instances together, and what they may add up to; 0: there is no bound."""
    return _limits_of_all_mb(), memory_offered_mb() * settings.MEMORY_OVERCOMMIT


def _limits_of_all_mb() -> int:
    """Of all instances that run or are about to."""
    running = Revision.objects.filter(state__in=Revision.OPEN).order_by()
    by_size = running.values_list("site__instance_size").annotate(Sum("wanted_count"))
    return sum(LIMITS[InstanceSize(size)].memory_mb * count for size, count in by_size)


def _new_instances(change: SlotChange) -> int:
    """How many have to be started, as the job will find it."""
    plan = make_plan(change.held_slot, change.occupant_after, change.deployment_after)
    known = Revision.objects.filter(
        workload=change.workload_after, fingerprint=plan.fingerprint, state__in=Revision.REUSABLE
    )
    running = known.values_list("wanted_count", flat=True).first() or 0
    return max(0, change.count_after - running)
