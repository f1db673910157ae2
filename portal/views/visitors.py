"""Who may visit a slot, as a dialog."""

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from portal import kept_form
from portal.answers import answer_operation, back_address
from portal.http import PortalRequest
from portal.underneath import over_dashboard
from sites.access import get_slot, get_slot_for_change, may_change
from sites.errors import ChangedMeanwhile, GreenroomError, PreconditionFailed, SettingRefused
from sites.models import Others, Slot
from sites.services import visitors

CHOICES = (
    (Others.EVERYBODY, "Everybody"),
    (Others.SIGN_IN, "People who see this web site in the portal: they sign in there"),
    (Others.PASSWORD, "Whoever knows the password"),
    (Others.REFUSED, "Nobody else: only the addresses below"),
)


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("password")
def manage_visitors(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """The dialog. A POST saves all of it; an empty password keeps the one there is."""
    if request.method != "POST":
        return _show(request, get_slot(request.user, site_name, slot_name))
    slot = get_slot_for_change(request.user, site_name, slot_name)
    try:
        operation = visitors.save_visitors(
            acting_user=request.user,
            slot=slot,
            others=request.POST.get("others", ""),
            addresses=lines(request.POST.get("addresses", "")),
            password=request.POST.get("password") or None,
            expected=request.POST.get("state") or None,
        )
    except SettingRefused as refusal:
        return _show(request, slot, refusal)
    except PreconditionFailed:
        what = f"Who may visit {slot.title}"
        return _show(request, slot, ChangedMeanwhile(what=what, how=" below"))
    dashboard = reverse("site-dashboard", args=[slot.site.name, slot.name])
    return answer_operation(request, operation, dashboard, stay=False)


def lines(text: str) -> list[str]:
    """One address or network a line, or several with commas between them."""
    return text.replace(",", " ").split()


def _show(request: PortalRequest, slot: Slot, refusal: GreenroomError | None = None) -> HttpResponse:
    rule = visitors.rule_of(slot)
    typed = {"others": rule.others, "addresses": "\n".join(rule.addresses)}
    returned = request.POST if refusal else kept_form.returned(request)
    if returned is not None:
        typed = {name: returned.get(name, "") for name in typed}
    present = visitors.state_of(slot)
    context: dict[str, object] = {
        "slot": slot,
        "site": slot.site,
        "typed": typed,
        "choices": CHOICES,
        "state": (returned.get("state") if returned is not None else None) or present,
        "present": present,
        "is_changed_meanwhile": isinstance(refusal, ChangedMeanwhile),
        "now": [Others(rule.others).label, *rule.addresses],
        "has_password": bool(rule.password),
        "least": visitors.SHORTEST_PASSWORD,
        "most": visitors.LONGEST_PASSWORD,
        "can_change": may_change(request.user, slot.site),
        "refusal": refusal,
        "is_returned": returned is not None and refusal is None,
        "back": back_address(request, slot),
    }
    status = refusal.http_status if refusal else 200
    return render(request, "site/visitors.html", over_dashboard(request, slot, context), status=status)
