"""The history of a site's swaps: what each address served before and after, how it went, and who did it."""

from dataclasses import dataclass

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.views.decorators.http import require_safe

from portal.command_bar import COMMANDS
from portal.drain import connections_cut
from portal.http import PortalRequest
from portal.views.site_pages import parts
from sites.access import get_slot, note_lines
from sites.models import SlotChange, Swap
from sites.operations.kinds import kind_of

PAGE_SIZE = 20
PAGE_COMMANDS = tuple(key for key in COMMANDS if key != "publish")
RELATED = ("slot", "revision_before__deployment", "revision_after__deployment")


@dataclass(frozen=True)
class Entry:
    """One swap, roll-back or publication that was swapped in at once."""

    swap: Swap

    @property
    def title(self) -> str:
        """What it was, in a word or two."""
        return kind_of(self.swap.operation).title_of(self.swap.operation)

    @property
    def icon(self) -> str:
        """Its sign."""
        return "rollback" if kind_of(self.swap.operation).is_roll_back else "swap"

    @property
    def changes(self) -> list[SlotChange]:
        """Both sides, production first."""
        found = [change for change in self.swap.operation.changes.all() if change.slot]
        return sorted(found, key=lambda change: not change.held_slot.is_production)

    @property
    def cut(self) -> str:
        """How many connections outlasted the drain limit and were cut; empty where nothing was drained."""
        return connections_cut(self.changes) if self.swap.switched_at else ""


@require_safe
def history(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """Newest first; the same from each of the site's slots."""
    slot = get_slot(request.user, site_name, slot_name)
    swaps = Swap.objects.filter(operation__site=slot.site).select_related("operation", "rolled_back_by")
    swaps = swaps.prefetch_related("operation__steps", *(f"operation__changes__{name}" for name in RELATED))
    page = Paginator(swaps.order_by("-operation__created_at", "-pk"), PAGE_SIZE).get_page(request.GET.get("page"))
    note_lines(request.user, slot.site, (swap.operation for swap in page))
    return parts.show(
        request,
        slot,
        "dashboard",
        {"page": page, "entries": [Entry(swap) for swap in page]},
        commands=PAGE_COMMANDS,
        template="site/swaps.html",
    )
