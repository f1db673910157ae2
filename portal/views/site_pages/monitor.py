"""Monitor: the figures of a slot as a chart and as tables, with a mark for each swap, and its alert rules."""

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal import kept_form
from portal.alert_form import IDS, AlertForm
from portal.answers import answer_operation
from portal.chart import Chart
from portal.command_bar import LIST_COMMANDS
from portal.field_faults import placed_by_name
from portal.http import PortalRequest
from portal.views.site_pages import parts
from sites.access import get_slot, get_slot_for_change, may_change
from sites.errors import SettingRefused
from sites.models import Slot
from sites.services import alert_rules
from sites.services.endpoints import endpoints_of, why_no_endpoints


@require_safe
def monitor(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """The page; `range`, `scale` and `metric` choose what is shown."""
    slot = get_slot(request.user, site_name, slot_name)
    kept = kept_form.returned(request, reverse("site-alert-add", args=[slot.site.name, slot.name]))
    return _show(request, slot, AlertForm(kept), is_open=kept is not None)


@require_http_methods(["GET", "HEAD", "POST"])
def add_alert(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """ADD RULE; the page with what was typed for one that cannot be. To look there shows Monitor."""
    if request.method != "POST":
        return HttpResponseRedirect(_address(get_slot(request.user, site_name, slot_name)), status=303)
    slot = get_slot_for_change(request.user, site_name, slot_name)
    form = AlertForm(request.POST)
    try:
        if form.faults:
            raise SettingRefused.of(form.faults)
        operation = alert_rules.save(acting_user=request.user, slot=slot, name=form.name, text=form.text)
    except SettingRefused as refusal:
        page = _show(request, slot, form, refusal=refusal, is_open=True)
        page.status_code = refusal.http_status
        return page
    return answer_operation(request, operation, _address(slot), stay=False)


@require_POST
def remove_alert(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """The rule that `name` names is not one of the slot any more."""
    slot = get_slot_for_change(request.user, site_name, slot_name)
    name = request.POST.get("name", "")
    operation = alert_rules.remove(acting_user=request.user, slot=slot, name=name)
    return answer_operation(request, operation, _address(slot), stay=False)


def _address(slot: Slot) -> str:
    return reverse("site-monitor", args=[slot.site.name, slot.name])


def _show(
    request: PortalRequest,
    slot: Slot,
    form: AlertForm,
    *,
    refusal: SettingRefused | None = None,
    is_open: bool,
) -> HttpResponse:
    standings = alert_rules.standings_of(slot)
    rules_by_metric: dict[str, list[str]] = {}
    for one in standings:
        rules_by_metric.setdefault(one.rule.measure.name, []).append(one.rule.name)
    context: dict[str, object] = {
        "chart": Chart(request, slot),
        "endpoints": endpoints_of(slot),
        "why_no_endpoints": why_no_endpoints(slot),
        "standings": standings,
        "rules_by_metric": rules_by_metric,
        "alert_form": form,
        "is_form_open": is_open,
        "refusal": refusal,
        "faults": placed_by_name(refusal, IDS) if refusal else None,
        "can_change": may_change(request.user, slot.site),
    }
    return parts.show(request, slot, "monitor", context, commands=LIST_COMMANDS)
