"""Web sites and slots, which are the same resource: shown, created, changed, deleted, started, stopped, restarted."""

from django.db import transaction
from django.db.models import Q
from django.http import HttpResponse, JsonResponse

from sites import access
from sites.arm.asked import Asked
from sites.arm.shapes.sites import SLOTS, describe_slot, with_slots
from sites.arm.shapes.wanted import Wanted, wanted_of_new_site, wanted_of_new_slot, wanted_of_slot
from sites.arm.views.subscriptions import listed
from sites.arm.waiting import accepted, once_ended
from sites.errors import NotFound, Refused
from sites.models import Operation, OperationState, Slot, Swap
from sites.services import certificates, settings, slots
from sites.services import sites as services


def list_sites(asked: Asked) -> HttpResponse:
    """The web sites of the subscription by name, with their slots if `includeSlots` is true."""
    found = access.visible_sites(asked.user).filter(subscription=asked.subscription)
    has_slots = asked.request.GET.get("includeSlots", "").lower() == "true"
    shown = [slot for site in with_slots(found) for slot in site.slots.all() if slot.is_production or has_slots]
    return listed([describe_slot(slot, is_secure=asked.is_secure) for slot in shown])


def list_slots(asked: Asked) -> HttpResponse:
    """The slots beside production."""
    found = SLOTS.filter(site=asked.site, is_production=False)
    return listed([describe_slot(slot, is_secure=asked.is_secure) for slot in found])


def get(asked: Asked) -> HttpResponse:
    """A web site or a slot."""
    return JsonResponse(_described(asked))


def put(asked: Asked) -> HttpResponse:
    """Create it, or have it be as it is described; asked twice it changes nothing the second time."""
    try:
        slot = asked.slot
    except NotFound:
        return _create_slot(asked) if "slot" in asked.names else _create_site(asked)
    operation = _change(asked, slot)
    return accepted(asked, operation, _described(asked.again())) if operation else get(asked.again())


def patch(asked: Asked) -> HttpResponse:
    """As PUT for what is there; answered when it is done."""
    operation = _change(asked, asked.slot)
    return once_ended(asked, operation, get) if operation else get(asked.again())


def delete(asked: Asked) -> HttpResponse:
    """Delete a slot, or a web site with all its slots: the address names it. 204: there is none."""
    subscription = asked.subscription
    try:
        slot = asked.slot
    except NotFound:
        access.ensure_may_change(asked.user, subscription, asked.names["site"])
        return HttpResponse(status=204)
    if "slot" in asked.names:
        operation = slots.delete_staging(acting_user=asked.user, slot=slot)
    else:
        operation = services.delete_site(acting_user=asked.user, site=slot.site, typed_name=slot.site.name)
    return once_ended(asked, operation, _done)


def start(asked: Asked) -> HttpResponse:
    """Start it; nothing is done where it runs."""
    if _for_change(asked).is_running:
        return _done(asked)
    return once_ended(asked, slots.start(acting_user=asked.user, slot=asked.slot), _done)


def stop(asked: Asked) -> HttpResponse:
    """Stop it; nothing is done where it is stopped."""
    if not _for_change(asked).is_running:
        return _done(asked)
    return once_ended(asked, slots.stop(acting_user=asked.user, slot=asked.slot), _done)


def restart(asked: Asked) -> HttpResponse:
    """Replace its instances; no request is lost."""
    return once_ended(asked, slots.restart(acting_user=asked.user, slot=asked.slot), _done)


def _done(asked: Asked) -> HttpResponse:
    """An answer that says no more than its status."""
    return HttpResponse(status=200)


def _for_change(asked: Asked) -> Slot:
    return access.slot_for_change(asked.user, asked.slot)


def _described(asked: Asked) -> dict[str, object]:
    slot = SLOTS.get(pk=asked.slot.pk)
    done = Swap.objects.filter(Q(source=slot) | Q(target=slot), operation__state=OperationState.SUCCEEDED)
    last = done.select_related("source", "target").order_by("-switched_at").first()
    return describe_slot(slot, is_secure=asked.is_secure, last_swap=last)


def _create_site(asked: Asked) -> HttpResponse:
    """Raises NotFound for a token of one web site, which knows the name of the subscription and is not let into it."""
    subscription = access.get_subscription(asked.user, asked.subscription.public_id)
    access.ensure_may_change(asked.user, subscription, asked.names["site"])
    wanted = wanted_of_new_site(subscription, asked.body)
    with transaction.atomic():
        operation = services.create_site(
            acting_user=asked.user,
            subscription=subscription,
            name=asked.names["site"],
            mode=wanted.mode,
            configuration=wanted.configuration,
        )
        _save_https_only(asked, asked.again().slot, wanted)
    return accepted(asked, operation, _described(asked.again()))


def _create_slot(asked: Asked) -> HttpResponse:
    site = access.site_for_change(asked.user, asked.site)
    wanted = wanted_of_new_slot(site, asked.body)
    name = asked.names["slot"].lower()
    with transaction.atomic():
        operation = slots.enable_staged_publishing(acting_user=asked.user, site=site, is_cloned=False, name=name)
        _save_https_only(asked, asked.again().slot, wanted)
    return accepted(asked, operation, _described(asked.again()))


def _change(asked: Asked, slot: Slot) -> Operation | None:
    """Begin what makes it as it is wanted; None: it is so already, or what was changed takes no time."""
    slot = access.slot_for_change(asked.user, slot)
    wanted = wanted_of_slot(slot, asked.body, shown=_described(asked))
    is_configured = bool(wanted.configuration or wanted.auto_swap)
    if wanted.mode != slot.site.mode and is_configured:
        raise Refused(
            f"The plan and the configuration of '{slot.title}' cannot be changed by one request, so nothing was "
            "changed. Change one after the other."
        )
    with transaction.atomic():
        _save_https_only(asked, slot, wanted)
        if wanted.mode != slot.site.mode:
            return services.change_mode(acting_user=asked.user, site=slot.site, mode=wanted.mode)
        if is_configured:
            return settings.save_categories(
                acting_user=asked.user,
                slot=slot,
                categories=wanted.configuration,
                swap_settings=wanted.auto_swap,
            )
    return None


def _save_https_only(asked: Asked, slot: Slot, wanted: Wanted) -> None:
    if wanted.is_https_only is not None and wanted.is_https_only != slot.is_https_only:
        certificates.save_tls(
            acting_user=asked.user,
            slot=slot,
            bindings={},
            is_https_only=wanted.is_https_only,
            refuses_tls_1_2=slot.refuses_tls_1_2,
        )
