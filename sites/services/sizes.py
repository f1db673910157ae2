"""The size of a web site's instances: asked for, checked against the mode and this machine, and changed."""

from collections.abc import Mapping

from django.contrib.auth.models import User
from django.db import transaction

from sites import access
from sites.counted import counted
from sites.errors import InstanceSizeRefused
from sites.models import ChosenSize, InstanceSize, Mode, Operation, Site, SizeFigures, chosen
from sites.models.instance_size import LEAST, MOST
from sites.operations.kinds.change_size import CHANGE_SIZE
from sites.planning import cores_offered, memory_offered_mb
from sites.services import requests
from sites.services.counts import checked_counts


def wanted_size(site: Site, name: str, *, cpu_percent: int | None = None, memory_mb: int | None = None) -> ChosenSize:
    """The size that is asked for by name; own figures that are left out stay as they were.

    Raises InstanceSizeRefused for an unknown name.
    """
    own = SizeFigures(
        site.own_cpu_percent if cpu_percent is None else cpu_percent,
        site.own_memory_mb if memory_mb is None else memory_mb,
    )
    try:
        return chosen(name, own)
    except ValueError:
        sizes = ", ".join(InstanceSize.values)
        raise _refused(site, f"'{name[:20]}' is no size", f"Choose one of {sizes}.") from None


def size_in_mode(site: Site, mode: Mode) -> ChosenSize:
    """The size that the site's instances have in `mode`: their own, or the largest that the mode has."""
    if InstanceSize(site.instance_size) in mode.limits.sizes:
        return site.size
    return chosen(mode.limits.sizes[-1], site.size.figures)


def check_size(site: Site, size: ChosenSize, mode: Mode) -> None:
    """Raises InstanceSizeRefused for what the mode does not have or what this machine could never give."""
    figures = size.figures
    if size.size not in mode.limits.sizes:
        has = " and ".join(one.caption for one in mode.limits.sizes)
        raise _refused(
            site, f"{size.title} is not a size of {mode.label} mode", f"Choose {has}, or Standard mode, which has all."
        )
    if not (
        LEAST.cpu_percent <= figures.cpu_percent <= MOST.cpu_percent
        and LEAST.memory_mb <= figures.memory_mb <= MOST.memory_mb
    ):
        raise _refused(
            site,
            f"own figures are {LEAST.cpu_percent} to {MOST.cpu_percent:,} % of a core and {LEAST.memory_mb} to "
            f"{MOST.memory_mb:,} MB of memory",
            "Choose figures in that range.",
        )
    cores, memory = cores_offered(), memory_offered_mb()
    if figures.cpu_percent > cores * 100 or figures.memory_mb > memory:
        raise _refused(
            site,
            f"this machine has {counted(cores, 'core')} and {memory:,} MB of memory for web sites, "
            f"and one instance could take {figures.words}",
            "Choose a smaller size.",
        )


def change_size(
    *, acting_user: User, site: Site, size: ChosenSize, counts: Mapping[int, int] | None = None
) -> Operation:
    """Replace the instances of all slots by others of that size, warm before the old ones end.

    `counts` are new instance counts by slot id. Raises InstanceSizeRefused, InstanceCountRefused, NotEnoughMemory.
    """
    site = access.site_for_change(acting_user, site)
    mode = Mode(site.mode)
    check_size(site, size, mode)
    with transaction.atomic():
        affected = list(site.slots.select_related("site"))
        return requests.begin(
            CHANGE_SIZE,
            acting_user=acting_user,
            site=site,
            slots=affected,
            target=site.name,
            size=size,
            counts=checked_counts(affected, mode, counts or {}),
        )


def _refused(site: Site, reason: str, remedy: str) -> InstanceSizeRefused:
    return InstanceSizeRefused(name=site.name, reason=reason, present=site.size.words, remedy=remedy)
