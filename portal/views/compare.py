"""COMPARE: production and a staging slot beside each other, at an address of its own."""

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from portal.answers import answer_operation
from portal.comparison import file_groups, setting_groups, summary
from portal.confirmation import confirm
from portal.context import slot_context
from portal.http import PortalRequest
from sites.access import get_slot, get_slot_for_change, may_change
from sites.errors import Refused, SameSlot
from sites.models import PRODUCTION, Slot
from sites.operations.kinds.change_settings import CHANGE_SETTINGS
from sites.services import requests
from sites.services.compare import Comparison, compare
from sites.services.compared_values import copy_setting, marks, planned_copy, reveal_comparison
from sites.services.swaps import partner


@require_safe
def compare_slots(request: PortalRequest, site_name: str) -> HttpResponse:
    """What a swap would change, without asking for one; `with` names the staging slot where there are several."""
    staging, production = _pair(request, site_name, request.GET.get("with", ""))
    return _show(request, compare(staging, production))


@require_http_methods(["GET", "HEAD", "POST"])
def reveal_compared(request: PortalRequest, site_name: str) -> HttpResponse:
    """The same with the hidden values of one more category (`show`), which both slots record.

    `seen` are the marks of those that the page shows already.

    Whoever enters the address of that page again is led to the page without them.
    """
    if request.method != "POST":
        staging, _ = _pair(request, site_name, request.GET.get("with", ""))
        return HttpResponseRedirect(_address(staging))
    staging, production = _pair(request, site_name, request.POST.get("with", ""))
    shown = reveal_comparison(
        acting_user=request.user,
        source=staging,
        target=production,
        categories=[request.POST.get("show", "")],
        seen=request.POST.getlist("seen"),
    )
    return _show(request, shown, is_revealed=True)


@require_http_methods(["GET", "HEAD", "POST"])
def copy(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """Ask, then give this slot the value that the slot `from` has for one setting.

    `shown` is the state of both values when the link was shown: nobody is asked about a value that they have not seen.
    """
    target = get_slot_for_change(request.user, site_name, slot_name)
    asked = request.POST if request.method == "POST" else request.GET
    source = get_slot_for_change(request.user, site_name, asked.get("from", ""))
    what = {"category": asked.get("category", ""), "name": asked.get("name", "")}
    if request.method != "POST":
        requests.ensure_free([target], wanted=CHANGE_SETTINGS)
        plan = planned_copy(source, target, shown=asked.get("shown"), **what)
        return confirm(request, "compare/copy_question.html", target, {"copy": plan})
    operation = copy_setting(
        acting_user=request.user,
        source=source,
        target=target,
        category=what["category"],
        name=what["name"],
        expected=asked.get("expected"),
    )
    return answer_operation(request, operation)


def _pair(request: PortalRequest, site_name: str, other_name: str) -> tuple[Slot, Slot]:
    """The staging slot and production."""
    production = get_slot(request.user, site_name, PRODUCTION)
    other = partner(production)
    if other is None:
        raise Refused(
            f"'{production.title}' has no staging site yet, so there is nothing to compare it with. "
            "Enable staged publishing on its Quick Start page first."
        )
    staging = get_slot(request.user, site_name, other_name or other.name)
    if staging.is_production:
        raise SameSlot(name=production.title, other="itself")
    return staging, production


def _address(staging: Slot) -> str:
    return f"{reverse('site-compare', args=[staging.site.name])}?with={staging.name}"


def _show(request: PortalRequest, comparison: Comparison, *, is_revealed: bool = False) -> HttpResponse:
    staging = comparison.source
    context: dict[str, Any] = {
        "comparison": comparison,
        "summary": summary(comparison),
        "files": file_groups(comparison),
        "travelling": setting_groups(comparison, travels=True),
        "staying": setting_groups(comparison, travels=False),
        "can_change": may_change(request.user, staging.site),
        "is_revealed": is_revealed,
        "marks": marks(request.user, comparison) if is_revealed else [],
        "compare_page": _address(staging),
    }
    page = slot_context(request, staging, "dashboard", ("browse", "swap"), **context)
    return render(request, "compare/page.html", page)
