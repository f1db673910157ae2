"""Linked resources: the databases of production with their health, LINK, and UNLINK."""

from django.db.models import prefetch_related_objects
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal import kept_form
from portal.answers import answer_operation
from portal.command_bar import Command
from portal.confirmation import confirm
from portal.field_faults import placed_by_name
from portal.http import PortalRequest
from portal.underneath import over_dashboard
from portal.views.site_pages import parts
from sites.access import get_slot, get_slot_for_change, may_change
from sites.errors import NotFound, SettingRefused
from sites.models import Engine, LinkedResource, Slot
from sites.services import linked_resources

LIST = "linked-list"
"""The part of the page that asks again while a check is awaited."""
IDS = {"name": "link-name", "connection_string": "link-string"}
"""Of the fields that can be refused, in their order."""


@require_safe
def linked(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """The page; that of a staging slot says whose the resources are."""
    slot = get_slot(request.user, site_name, slot_name)
    rows = linked_resources.of(slot.site) if slot.is_production else []
    can_change = may_change(request.user, slot.site)
    return parts.show(
        request,
        slot,
        "linked",
        {"rows": rows, "can_change": can_change},
        commands=("browse",),
        extra_commands=[_link_command(slot, can_change=can_change)] if slot.is_production else None,
        part=LIST,
        is_open=any(row.is_awaited for row in rows),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("string_password")
def link(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """LINK A RESOURCE: the dialog, and its answer."""
    slot = _production(request, site_name, slot_name)
    if request.method != "POST":
        kept = kept_form.returned(request)
        return _show(request, slot, typed=_typed(kept or QueryDict()), is_returned=kept is not None)
    typed = _typed(request.POST)
    try:
        operation = linked_resources.link(
            acting_user=request.user,
            site=slot.site,
            connection_string=request.POST.get("string_password", ""),
            **typed,
        )
    except SettingRefused as refusal:
        return _show(request, slot, typed=typed, refusal=refusal)
    return answer_operation(request, operation, _address(slot), stay=False)


@require_POST
def check(request: PortalRequest, site_name: str, slot_name: str, number: int) -> HttpResponse:
    """Have it checked soon; the page says what was found."""
    slot = _production(request, site_name, slot_name)
    linked_resources.check_again(acting_user=request.user, site=slot.site, number=number)
    return HttpResponseRedirect(_address(slot), status=303)


@require_http_methods(["GET", "HEAD", "POST"])
def unlink(request: PortalRequest, site_name: str, slot_name: str, number: int) -> HttpResponse:
    """Ask, and whether the connection string goes too; then check it no longer."""
    slot = _production(request, site_name, slot_name)
    if request.method == "POST":
        operation = linked_resources.unlink(
            acting_user=request.user,
            site=slot.site,
            number=number,
            removes_string=request.POST.get("remove_string") == "on",
        )
        return answer_operation(request, operation, _address(slot), stay=False)
    question = {"resource": _resource(slot, number), "next": _address(slot)}
    return confirm(request, "site/unlink_question.html", slot, question)


def _typed(sent: QueryDict) -> dict[str, str]:
    """All but the secret, which is not shown again."""
    return {"engine": sent.get("engine", Engine.POSTGRESQL.value), "name": sent.get("name", "")}


def _production(request: PortalRequest, site_name: str, slot_name: str) -> Slot:
    """Raises NotFound at another slot's address: there is nothing to be linked to it."""
    slot = get_slot_for_change(request.user, site_name, slot_name)
    if not slot.is_production:
        raise NotFound
    return slot


def _resource(slot: Slot, number: int) -> LinkedResource:
    found = next((one for one in linked_resources.of(slot.site) if one.pk == number), None)
    if found is None:
        raise NotFound
    return found


def _link_command(slot: Slot, *, can_change: bool) -> Command:
    name = slot.site.name
    reason = "" if can_change else f"You may look at '{name}' but not change it. Ask an owner of its subscription."
    address = reverse("site-linked-link", args=[name, slot.name])
    return Command("link", "Link a resource", "source", address, "sheet", reason)


def _address(slot: Slot) -> str:
    return reverse("site-linked", args=[slot.site.name, slot.name])


def _show(
    request: PortalRequest,
    slot: Slot,
    *,
    typed: dict[str, str],
    refusal: SettingRefused | None = None,
    is_returned: bool = False,
) -> HttpResponse:
    prefetch_related_objects([slot], "host_names")
    context: dict[str, object] = {
        "slot": slot,
        "site": slot.site,
        "engines": [(engine.value, engine.label) for engine in Engine],
        "typed": typed,
        "refusal": refusal,
        "faults": placed_by_name(refusal, IDS) if refusal else None,
        "is_returned": is_returned,
        "back": _address(slot),
    }
    status = refusal.http_status if refusal else 200
    return render(request, "site/link.html", over_dashboard(request, slot, context), status=status)
