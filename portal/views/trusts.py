"""TRUSTED PIPELINES: which jobs act on a site without a secret. The page wants a confirmation of a few minutes ago."""

from typing import Any

from allauth.account.decorators import reauthentication_required
from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from portal.accounts import factors
from portal.accounts.views.tokens import SCOPES
from portal.answers import answer_operation
from portal.http import PortalRequest
from portal.underneath import over_dashboard
from sites.access import get_slot_for_change, may_change
from sites.errors import NotFound, Refused
from sites.models import Scope, Slot
from sites.services import trusts

ISSUERS = {"GitHub Actions": trusts.GITHUB, "GitLab": "https://gitlab.com"}


@require_http_methods(["GET", "HEAD", "POST"])
def manage_trusts(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """The list, and a new one. Whoever must have a second factor sets it up first: a trust signs in without one."""
    return _manage(request, get_slot_for_change(request.user, site_name, slot_name))


@require_POST
def confirm(request: PortalRequest, site_name: str, slot_name: str, number: int) -> HttpResponse:
    """From now on it acts for whoever confirms."""
    return _confirm(request, get_slot_for_change(request.user, site_name, slot_name), number)


@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: PortalRequest, site_name: str, slot_name: str, number: int) -> HttpResponse:
    """Ask, then trust it no longer."""
    return _remove(request, get_slot_for_change(request.user, site_name, slot_name), number)


@reauthentication_required(app="allauth.account")
def _manage(request: PortalRequest, slot: Slot) -> HttpResponse:
    if factors.is_required(request.user) and not factors.is_set(request.user):
        return redirect("account")
    if request.method != "POST":
        return _show(request, slot)
    typed = request.POST
    try:
        trusts.create(
            acting_user=request.user,
            site=slot.site,
            name=typed.get("name", ""),
            issuer=typed.get("issuer", ""),
            audience=typed.get("audience", ""),
            claims=typed.get("claims", ""),
            scopes=typed.getlist("scopes"),
        )
    except Refused as refusal:
        return _show(request, slot, typed=typed, refusal=refusal)
    return HttpResponseRedirect(request.path, status=303)


@reauthentication_required(app="allauth.account")
def _confirm(request: PortalRequest, slot: Slot, number: int) -> HttpResponse:
    try:
        trusts.confirm(acting_user=request.user, site=slot.site, number=number)
    except Refused as refusal:
        if isinstance(refusal, NotFound):
            raise
        return _show(request, slot, refusal=refusal)
    return HttpResponseRedirect(_address(slot), status=303)


@reauthentication_required(app="allauth.account")
def _remove(request: PortalRequest, slot: Slot, number: int) -> HttpResponse:
    found = next((one for one in trusts.of(slot.site) if one.pk == number), None)
    if found is None:
        raise NotFound
    if request.method != "POST":
        question = {"trust": found, "next": _address(slot)}
        return render(request, "site/trust_question.html", over_dashboard(request, slot, question))
    operation = trusts.remove(acting_user=request.user, site=slot.site, number=number)
    return answer_operation(request, operation, _address(slot), stay=False)


def _address(slot: Slot) -> str:
    return reverse("site-trusts", args=[slot.site.name, slot.name])


def _show(
    request: PortalRequest, slot: Slot, *, typed: QueryDict | None = None, refusal: Refused | None = None
) -> HttpResponse:
    chosen = typed.getlist("scopes") if typed is not None else [Scope.PUBLISH.value, Scope.SWAP.value]
    context: dict[str, Any] = {
        "rows": [(trust, may_change(trust.person, slot.site)) for trust in trusts.of(slot.site)],
        "scopes": [(scope, scope.label, said, scope.value in chosen) for scope, said in SCOPES.items()],
        "issuers": ISSUERS,
        "audience": settings.PORTAL_URL,
        "typed": typed or {},
        "refusal": refusal,
        "back": reverse("site-dashboard", args=[slot.site.name, slot.name]),
    }
    page = over_dashboard(request, slot, context)
    return render(request, "site/trusts.html", page, status=refusal.http_status if refusal else 200)
