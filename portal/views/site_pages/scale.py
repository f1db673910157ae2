"""Scale: the site's mode, the size of its instances, and the slot's instance count."""

from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from portal import autoscale_form, kept_form
from portal.answers import answer_operation
from portal.http import PortalRequest
from portal.settings_commands import settings_commands
from portal.site_forms import ScaleForm
from portal.views.site_pages import parts
from portal.views.site_pages.scale_choice import chosen_of, is_as_it_was, read_choice, saved_fields, size_query
from sites.access import get_slot, get_slot_for_change
from sites.errors import ChangedMeanwhile, SettingRefused
from sites.models import Operation, Slot
from sites.services import sites, slots
from sites.services.autoscale import decisions_of, note_of, read_rule, save_rule, why_no_autoscale

ENABLE = "enable"
"""What UPGRADE wants to go on with once the mode is saved."""


@require_http_methods(["GET", "HEAD", "POST"])
def scale(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """The page; `mode` and `count` in the address are chosen and not yet saved."""
    if request.method == "POST":
        return _save(request, get_slot_for_change(request.user, site_name, slot_name))
    slot = get_slot(request.user, site_name, slot_name)
    operation = parts.open_operation(slot)
    returned = None if request.htmx else _returned(request, slot)
    chosen = chosen_of(returned or request.GET)
    choice = read_choice(slot, operation, chosen)
    if request.htmx and request.htmx.target == "scale-cost":
        return render(request, "site/_scale_cost.html", {"cost": choice.cost})
    return parts.show(
        request,
        slot,
        "scale",
        {
            "choice": choice,
            "was": urlencode(saved_fields(slot, operation)),
            "why_no_autoscale": why_no_autoscale(slot),
            **_autoscale(slot, chosen),
            "has_staging": slot.site.slots.count() > 1,
            "then": chosen.get("then", ""),
            "is_returned": returned is not None,
        },
        commands=("browse",),
        extra_commands=settings_commands(slot, "scale", is_returned=returned is not None),
        part="scale-settings",
        is_open=operation is not None,
    )


def _returned(request: PortalRequest, slot: Slot) -> QueryDict | None:
    """What was chosen here, or asked about, before the session ended."""
    asked = reverse("site-mode", args=[slot.site.name, slot.name])
    return kept_form.returned(request, request.path, asked)


def _autoscale(slot: Slot, chosen: QueryDict) -> dict[str, object]:
    """The rule of a slot that can have one, its last decisions, and what keeps it from the next."""
    if why_no_autoscale(slot):
        return {}
    auto = autoscale_form.read_choice(read_rule(slot), chosen)
    return {"auto": auto, "decisions": decisions_of(slot), "note": note_of(slot)}


def _sent_rule(request: PortalRequest, slot: Slot) -> autoscale_form.AutoscaleForm | None:
    """The rule that was sent where it was changed."""
    if why_no_autoscale(slot) or f"{autoscale_form.PREFIX}-metric" not in request.POST:
        return None
    is_changed = autoscale_form.is_changed(read_rule(slot), request.POST)
    return autoscale_form.AutoscaleForm(request.POST) if is_changed else None


def _save_rule(
    request: PortalRequest, slot: Slot, sent: autoscale_form.AutoscaleForm | None
) -> tuple[Operation | None, bool]:
    """Save the rule that was sent; what was recorded, and whether a rule has the count now."""
    if sent is None:
        return None, read_rule(slot).is_on and not why_no_autoscale(slot)
    rule = sent.rule()
    return save_rule(acting_user=request.user, slot=slot, rule=rule), rule.is_on


def _save(request: PortalRequest, slot: Slot) -> HttpResponse:
    """Save the count; a change of mode or size is asked about first, unless it is the way to staged publishing."""
    form = ScaleForm(request.POST)
    sent = _sent_rule(request, slot)
    if faults := [*form.faults, *(sent.faults(slot) if sent else ())]:
        raise SettingRefused.of(faults)
    if not is_as_it_was(slot, parts.open_operation(slot), request.POST):
        raise ChangedMeanwhile(what=f"The scale of '{slot.title}'", how=" by DISCARD")
    mode, count, size = form.cleaned_data["mode"], form.cleaned_data["count"], form.size_of(slot.site)
    recorded, has_rule = _save_rule(request, slot, sent)
    if has_rule:
        count = slot.instance_count  # the rule may have changed it since the page was shown
    here = reverse("site-scale", args=[slot.site.name, slot.name])
    if mode == slot.site.mode and size == slot.site.size:
        if count == slot.instance_count and recorded is not None:
            return answer_operation(request, recorded, here)
        return answer_operation(request, slots.scale(acting_user=request.user, slot=slot, count=count), here)
    address = [slot.site.name, slot.name]
    wanted = {slot.pk: count} if count != slot.instance_count else {}
    if request.POST.get("then") == ENABLE and size == slot.site.size:
        operation = sites.change_mode(acting_user=request.user, site=slot.site, mode=mode, counts=wanted)
        return answer_operation(request, operation, reverse("site-enable", args=address), stay=False)
    query = urlencode({"mode": mode, "next": here} | ({"count": count} if wanted else {}) | size_query(slot, size))
    return HttpResponseRedirect(f"{reverse('site-mode', args=address)}?{query}", status=303)
