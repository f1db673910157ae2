"""Whether the instances that an operation is to start fit on this machine, and what a web site takes of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.conf import settings
from django.db.models import F, Q, Sum

from sites.counted import counted
from sites.errors import NotEnoughMemory
from sites.models import ChosenSize, Operation, Revision, Site, Slot, SlotChange
from sites.operations.kinds import kind_of
from sites.planning import cores_offered, make_plan, memory_offered_mb


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
    each = operation.held_site.size.figures.memory_mb
    offered = memory_offered_mb() * settings.MEMORY_OVERCOMMIT
    left = offered - _taken()[0]
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
    each, count = slot.site.size.figures, slot.instance_count
    return Share(each.cpu_percent / 100 * count, each.memory_mb * count * 1024**2)


def totals_mb() -> tuple[int, int]:
    """The memory limits of all instances together, and what they may add up to; 0: there is no bound."""
    return _taken()[0], memory_offered_mb() * settings.MEMORY_OVERCOMMIT


@dataclass(frozen=True, slots=True)
class Cost:
    """What the instances of a web site may take of this machine, beside those of all others."""

    instances: int
    size: ChosenSize
    others_memory_mb: int
    others_cpu_percent: int
    added_memory_mb: int
    """Of this site while it changes, beside what runs now, which goes on until what is new is warm."""
    own_memory_mb: int
    """Of what runs of this site now."""
    machine_memory_mb: int
    machine_cores: int
    allowed_memory_mb: int
    """What all limits may add up to; 0: there is no bound."""

    @property
    def memory_mb(self) -> int:
        """Of this site."""
        return self.instances * self.size.figures.memory_mb

    @property
    def cores(self) -> float:
        """Of this site."""
        return self.instances * self.size.figures.cpu_percent / 100

    @property
    def all_memory_mb(self) -> int:
        """Of all web sites."""
        return self.others_memory_mb + self.memory_mb

    @property
    def all_cores(self) -> float:
        """Of all web sites."""
        return self.cores + self.others_cpu_percent / 100

    @property
    def fits(self) -> bool:
        """Whether the change can be made."""
        while_changing = self.others_memory_mb + self.own_memory_mb + self.added_memory_mb
        return not self.allowed_memory_mb or not self.added_memory_mb or while_changing <= self.allowed_memory_mb

    @property
    def sentences(self) -> str:
        """For people, before they save."""
        bound = f"; their limits may add up to {self.allowed_memory_mb:,} MB" if self.allowed_memory_mb else ""
        return (
            f"{counted(self.instances, 'instance')} of this web site may take {self.memory_mb:,} MB of memory and "
            f"{_cores(self.cores)}. With all other web sites that makes {self.all_memory_mb:,} MB and "
            f"{_cores(self.all_cores)}. This machine has {self.machine_memory_mb:,} MB and "
            f"{_cores(self.machine_cores)} for them{bound}."
        )


def _cores(number: float) -> str:
    return counted(number, "core")


def cost_of(site: Site, counts: Mapping[int, int], size: ChosenSize) -> Cost:
    """What the site would take with `counts`, by slot id of those that run, and instances of `size`."""
    all_memory, all_cpu = _taken()
    own_memory, own_cpu = _taken(site)
    instances = sum(counts.values())
    running = Revision.objects.filter(live_slots__in=counts, memory_mb=size.figures.memory_mb)
    reused = running.filter(cpu_percent=size.figures.cpu_percent).values_list("live_slots", "wanted_count")
    is_there = {slot: min(counts[slot], count) for slot, count in reused}
    added = instances - sum(is_there.values())
    return Cost(
        instances=instances,
        size=size,
        others_memory_mb=all_memory - own_memory,
        others_cpu_percent=all_cpu - own_cpu,
        added_memory_mb=added * size.figures.memory_mb,
        own_memory_mb=own_memory,
        machine_memory_mb=memory_offered_mb(),
        machine_cores=cores_offered(),
        allowed_memory_mb=memory_offered_mb() * settings.MEMORY_OVERCOMMIT,
    )


def _taken(site: Site | None = None) -> tuple[int, int]:
    """The limits of all instances that run or are about to, of one site or of all: MB of memory, percent of a core."""
    running = Revision.objects.filter(Q(site=site) if site else Q(), state__in=Revision.OPEN).order_by()
    found = running.aggregate(
        memory=Sum(F("wanted_count") * F("memory_mb")), cpu=Sum(F("wanted_count") * F("cpu_percent"))
    )
    return found["memory"] or 0, found["cpu"] or 0


def _new_instances(change: SlotChange) -> int:
    """How many have to be started, as the job will find it."""
    plan = make_plan(change.held_slot, change.occupant_after, change.deployment_after)
    known = Revision.objects.filter(
        workload=change.workload_after, fingerprint=plan.fingerprint, state__in=Revision.REUSABLE
    )
    running = known.values_list("wanted_count", flat=True).first() or 0
    return max(0, change.count_after - running)
