"""Slots: looked at, deleted, scaled, started, stopped, restarted; their publishing credentials."""

from django.http import HttpRequest, HttpResponse
from ninja import Router

from sites import access
from sites.api.asking import ASKED, asked, user_of
from sites.api.authentication import ADMINISTER, READ
from sites.api.shapes.common import SiteName, SlotName, answers
from sites.api.shapes.sites import SLOTS, CredentialsShown, NewCount, SlotShown, describe_slot, publishing_url
from sites.models import Scope
from sites.services import secrets, slots

router = Router(tags=["slots"])
SLOT = "/sites/{site_name}/slots/{slot_name}"


@router.get(SLOT, response=answers(200, SlotShown), auth=READ)
def get_slot(request: HttpRequest, site_name: SiteName, slot_name: SlotName) -> SlotShown:
    """One slot."""
    slot = access.get_slot(user_of(request), site_name, slot_name)
    return describe_slot(SLOTS.get(pk=slot.pk))


@router.delete(SLOT, response=ASKED, auth=ADMINISTER)
def delete_staging(request: HttpRequest, site_name: SiteName, slot_name: SlotName) -> HttpResponse:
    """Delete a staging slot. Production is not touched, and never deleted by this."""
    user = user_of(request)
    return asked(
        request,
        lambda: slots.delete_staging(acting_user=user, slot=access.get_slot(user, site_name, slot_name)),
    )


@router.put(f"{SLOT}/instances", response=ASKED, auth=ADMINISTER)
def scale(request: HttpRequest, site_name: SiteName, slot_name: SlotName, body: NewCount) -> HttpResponse:
    """Change the number of instances."""
    user = user_of(request)
    return asked(
        request,
        lambda: slots.scale(acting_user=user, slot=access.get_slot(user, site_name, slot_name), count=body.instances),
    )


@router.post(f"{SLOT}/start", response=ASKED, auth=ADMINISTER)
def start(request: HttpRequest, site_name: SiteName, slot_name: SlotName) -> HttpResponse:
    """Start a stopped slot."""
    user = user_of(request)
    return asked(
        request,
        lambda: slots.start(acting_user=user, slot=access.get_slot(user, site_name, slot_name)),
    )


@router.post(f"{SLOT}/stop", response=ASKED, auth=ADMINISTER)
def stop(request: HttpRequest, site_name: SiteName, slot_name: SlotName) -> HttpResponse:
    """Stop a slot: visitors get a page that says so, and open requests end first."""
    user = user_of(request)
    return asked(
        request,
        lambda: slots.stop(acting_user=user, slot=access.get_slot(user, site_name, slot_name)),
    )


@router.post(f"{SLOT}/restart", response=ASKED, auth=ADMINISTER)
def restart(request: HttpRequest, site_name: SiteName, slot_name: SlotName) -> HttpResponse:
    """Replace the instances by new ones; no request is lost."""
    user = user_of(request)
    return asked(
        request,
        lambda: slots.restart(acting_user=user, slot=access.get_slot(user, site_name, slot_name)),
    )


@router.get(f"{SLOT}/credentials", response=answers(200, CredentialsShown), auth=READ)
def get_credentials(
    request: HttpRequest, site_name: SiteName, slot_name: SlotName, reveal: bool = False
) -> CredentialsShown:
    """The publishing credentials. With `reveal` also the password, which needs the scope administer and is recorded."""
    user = user_of(request)
    slot = access.get_slot(user, site_name, slot_name)
    password = None
    if reveal:
        access.present(user).ensure(Scope.ADMINISTER)
        password = secrets.reveal_publishing_password(acting_user=user, slot=slot)
    return CredentialsShown(user=slot.publishing_user, url=publishing_url(slot), password=password)


@router.post(f"{SLOT}/credentials/reset", response=ASKED, auth=ADMINISTER)
def reset_credentials(request: HttpRequest, site_name: SiteName, slot_name: SlotName) -> HttpResponse:
    """Replace the publishing password; the old one stops working at once."""
    user = user_of(request)
    return asked(
        request,
        lambda: slots.reset_credentials(acting_user=user, slot=access.get_slot(user, site_name, slot_name)),
    )
