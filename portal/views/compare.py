"""COMPARE: production and a staging slot beside each other, at an address of its own."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.comparison import file_groups, setting_groups, summary
from portal.context import slot_context
from portal.http import PortalRequest
from sites.access import get_slot
from sites.errors import Refused, SameSlot
from sites.models import PRODUCTION
from sites.services.compare import compare
from sites.services.swaps import partner


@require_safe
def compare_slots(request: PortalRequest, site_name: str) -> HttpResponse:
    """What a swap would change, without asking for one; `with` names the staging slot where there are several."""
    production = get_slot(request.user, site_name, PRODUCTION)
    other = partner(production)
    if other is None:
        raise Refused(
            f"'{production.title}' has no staging site yet, so there is nothing to compare it with. "
            "Enable staged publishing on its Quick Start page first."
        )
    staging = get_slot(request.user, site_name, request.GET.get("with") or other.name)
    if staging.is_production:
        raise SameSlot(name=production.title, other="itself")
    comparison = compare(staging, production)
    context: dict[str, Any] = {
        "comparison": comparison,
        "summary": summary(comparison),
        "files": file_groups(comparison),
        "travelling": setting_groups(comparison, travels=True),
        "staying": setting_groups(comparison, travels=False),
    }
    page = slot_context(request, staging, "dashboard", ("browse", "swap"), **context)
    return render(request, "compare/page.html", page)
