"""The size of a web site's instances, given and taken back by operations."""

from collections.abc import Sequence

from sites.models import ChosenSize, Operation, Site, SlotChange

COLUMNS = ("instance_size", "own_cpu_percent", "own_memory_mb")


def give_size(operation: Operation, changes: Sequence[SlotChange], size: ChosenSize) -> dict[str, object]:
    """Give the site that size, in the transaction that asks for it; what `operation.before` has to keep of it."""
    site = operation.held_site
    before = {name: getattr(site, name) for name in COLUMNS}
    for one in (site, *(change.held_slot.site for change in changes)):
        one.take_size(size)
    site.save(update_fields=COLUMNS)
    return before


def take_size_back(operation: Operation) -> None:
    """Give the site the size again that `give_size` has replaced; nothing where it has replaced none."""
    kept = {name: value for name, value in operation.before.items() if name in COLUMNS}
    if kept:
        Site.objects.filter(pk=operation.held_site.pk).update(**kept)
