"""PEOPLE: who has a role in one web site alone, as a dialog over its page."""

from django.contrib.auth.models import User
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from portal import kept_form
from portal.accounts import links
from portal.answers import answer_operation, answer_page, back_address
from portal.http import PortalRequest
from portal.underneath import over_dashboard
from portal.views.people import keep_another_link, keep_link, take_link
from sites import access
from sites.errors import GreenroomError, NotFound, Refused
from sites.models import SiteMember, Slot
from sites.services import site_people


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def manage_people(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """The dialog; a person is added by `name`, `role` and `account`."""
    slot = access.get_slot(request.user, site_name, slot_name)
    if request.method != "POST":
        return _show(request, slot, typed=kept_form.returned(request) or {})
    typed = {name: request.POST.get(name, "") for name in ("name", "role", "account")}
    is_new = typed["account"] == "new"
    try:
        site_people.add_member(
            acting_user=request.user, site=slot.site, name=typed["name"], role=typed["role"], is_new=is_new
        )
    except Refused as refusal:
        return _show(request, slot, typed=typed, refusal=refusal)
    if is_new:
        keep_link(request, User.objects.get(username__iexact=typed["name"].strip()))
    return HttpResponseRedirect(request.path, status=303)


@require_http_methods(["POST"])
def change_role(request: PortalRequest, site_name: str, slot_name: str, number: int) -> HttpResponse:
    """Another role; without one, another link for somebody who has not chosen a password yet."""
    slot = access.get_slot(request.user, site_name, slot_name)
    try:
        if "link" in request.POST:
            _new_link(request, slot, number)
        else:
            site_people.change_member(
                acting_user=request.user, site=slot.site, number=number, role=request.POST.get("role", "")
            )
    except Refused as refusal:
        return _show(request, slot, refusal=refusal)
    return HttpResponseRedirect(_address(slot), status=303)


@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: PortalRequest, site_name: str, slot_name: str, number: int) -> HttpResponse:
    """Ask, then end a role; whoever leaves goes to the list of web sites."""
    slot = access.get_slot(request.user, site_name, slot_name)
    member = _member(slot, number)
    is_self = member.user_id == request.user.pk
    if not is_self:
        access.get_site_for_owner(request.user, slot.site.name)
    if request.method != "POST":
        question = {"slot": slot, "member": member, "is_self": is_self, "next": _address(slot)}
        return render(request, "site/people_question.html", over_dashboard(request, slot, question))
    operation = site_people.remove_member(acting_user=request.user, site=slot.site, number=number)
    is_gone = is_self and not access.visible_sites(request.user).filter(pk=slot.site_id).exists()
    if is_gone:
        return answer_page(request, reverse("site-list"))
    return answer_operation(request, operation, _address(slot), stay=False)


def _new_link(request: PortalRequest, slot: Slot, number: int) -> None:
    access.get_site_for_owner(request.user, slot.site.name)
    keep_another_link(request, _member(slot, number).user)


def _member(slot: Slot, number: int) -> SiteMember:
    found = slot.site.members.select_related("user").filter(pk=number).first()
    if found is None:
        raise NotFound
    return found


def _address(slot: Slot) -> str:
    return reverse("site-people", args=[slot.site.name, slot.name])


def _show(
    request: PortalRequest, slot: Slot, *, typed: object = None, refusal: GreenroomError | None = None
) -> HttpResponse:
    context: dict[str, object] = {
        "slot": slot,
        "site": slot.site,
        "members": slot.site.members.select_related("user").order_by("user__username"),
        "roles": [(role.value, role.label) for role in SiteMember.ROLES],
        "is_owner": access.owns(request.user, slot.site),
        "new_link": take_link(request),
        "link_minutes": links.MINUTES,
        "typed": typed or {},
        "refusal": refusal,
        "back": back_address(request, slot),
    }
    status = refusal.http_status if refusal else 200
    return render(request, "site/people.html", over_dashboard(request, slot, context), status=status)
