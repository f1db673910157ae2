"""Deployment from source control: the repository of a slot, its webhook, and a fetch."""

from django.http import HttpRequest, HttpResponse
from ninja import Router

from sites import access
from sites.api.asking import ASKED, asked, user_of
from sites.api.authentication import ADMINISTER, PUBLISH, READ
from sites.api.shapes.common import SiteName, SlotName, answers
from sites.api.shapes.source_control import NewSourceControl, SourceControlShown, describe_source_control
from sites.errors import NotConnected
from sites.models import Scope
from sites.services import source_control
from sites.services.publisher import Publisher

router = Router(tags=["source control"])
OF_SLOT = "/sites/{site_name}/slots/{slot_name}/source-control"


@router.get(OF_SLOT, response=answers(200, SourceControlShown), auth=READ)
def get_source_control(
    request: HttpRequest, site_name: SiteName, slot_name: SlotName, reveal: bool = False
) -> SourceControlShown:
    """The connection. With `reveal` also the webhook secret, which needs the scope administer and is recorded."""
    user = user_of(request)
    slot = access.get_slot(user, site_name, slot_name)
    secret = None
    if reveal:
        access.present(user).ensure(Scope.ADMINISTER)
        secret = source_control.reveal_webhook_secret(acting_user=user, slot=slot)
    source = source_control.connected(slot)
    if source is None:
        raise NotConnected(name=slot.title)
    return describe_source_control(source, secret)


@router.put(OF_SLOT, response=ASKED, auth=ADMINISTER)
def connect_source_control(
    request: HttpRequest, site_name: SiteName, slot_name: SlotName, body: NewSourceControl
) -> HttpResponse:
    """Connect the slot to a repository, or change the connection; the operation is the first fetch."""
    user = user_of(request)
    return asked(
        request,
        lambda: source_control.connect(
            acting_user=user,
            slot=access.get_slot(user, site_name, slot_name),
            provider=body.provider,
            url=body.url,
            branch=body.branch,
            user=body.user,
            password=body.password,
        ),
    )


@router.delete(OF_SLOT, response=ASKED, auth=ADMINISTER)
def disconnect_source_control(request: HttpRequest, site_name: SiteName, slot_name: SlotName) -> HttpResponse:
    """Disconnect it. The slot serves what it did."""
    user = user_of(request)
    return asked(
        request,
        lambda: source_control.disconnect(acting_user=user, slot=access.get_slot(user, site_name, slot_name)),
    )


@router.post(f"{OF_SLOT}/sync", response=ASKED, auth=PUBLISH)
def sync_source_control(request: HttpRequest, site_name: SiteName, slot_name: SlotName) -> HttpResponse:
    """Fetch the newest commit of the branch, and publish it unless the slot serves it already."""
    user = user_of(request)
    return asked(
        request,
        lambda: source_control.sync(
            publisher=Publisher(access.name_of(user), user), slot=access.get_slot(user, site_name, slot_name)
        ),
    )


@router.post(f"{OF_SLOT}/webhook-secret/reset", response=ASKED, auth=ADMINISTER)
def reset_webhook_secret(request: HttpRequest, site_name: SiteName, slot_name: SlotName) -> HttpResponse:
    """Replace the webhook secret; webhooks signed with the old one are refused at once."""
    user = user_of(request)
    return asked(
        request,
        lambda: source_control.reset_webhook_secret(acting_user=user, slot=access.get_slot(user, site_name, slot_name)),
    )
