"""The page below a question or a dialog that is opened by its own address: the dashboard of its slot."""

from collections.abc import Mapping

from django.db.models import prefetch_related_objects

from portal.chart import Chart
from portal.context import slot_context
from portal.http import PortalRequest
from portal.views.site_pages import parts
from portal.views.site_pages.facts import SlotFacts
from sites.models import Slot


def over_dashboard(request: PortalRequest, slot: Slot, context: Mapping[str, object]) -> dict[str, object]:
    """`context` of a template that extends `base_template`: alone for htmx, which has a page; else over it."""
    if request.htmx:
        return {**context, "base_template": "frame/partial.html"}
    prefetch_related_objects([slot], "host_names")
    chart = Chart(request, slot)
    below = slot_context(
        request,
        slot,
        "dashboard",
        facts=SlotFacts(request.user, slot, chart),
        chart=chart,
        operation=parts.open_operation(slot),
    )
    return {**below, **context, "base_template": "site/dashboard.html"}
