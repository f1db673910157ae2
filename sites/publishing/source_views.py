"""/deploy on the publishing host: a webhook of a host of repositories, or a program with credentials, asks to fetch."""

import math
import secrets

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from sites.counted import counted
from sites.errors import GreenroomError, HookLimited, HookRefused, NotConnected, PublicationRefused
from sites.models import Operation, Slot, SourceControl
from sites.publishing import webhooks
from sites.publishing.authentication import publisher_of, refused, slot_of, with_slot
from sites.services import source_control
from sites.services.publisher import Publisher
from sites.throttling import buckets
from sites.throttling.address import client_address, network_of

FROM_ADDRESS = buckets.Limit("webhook from address", 30)
TO_SLOT = buckets.Limit("webhook to slot", 120)
"""Wrong signatures within a quarter of an hour. A right one is always accepted: nobody guesses 256 random bits."""
FETCHES = buckets.Limit("webhook fetches of slot", 60)
"""Right ones that begin a fetch, within the same time."""


@csrf_exempt
@require_http_methods(["POST", "PUT"])
def deploy(request: HttpRequest) -> HttpResponseBase:
    """Fetch the newest commit: for a webhook by its signature, for everybody else by publishing credentials."""
    if not webhooks.is_webhook(request.headers):
        return _deploy_as_asked(request)
    try:
        return _deploy_as_told(request)
    except HookLimited as refusal:
        answer = refused(refusal)
        answer["Retry-After"] = str(refusal.values["retry_after"])
        return answer
    except GreenroomError as refusal:
        return refused(refusal)


def _deploy_as_told(request: HttpRequest) -> HttpResponse:
    slot = slot_of(request)
    source = source_control.connected(slot) if slot is not None else None
    # Where there is nothing to fetch the answer is that to a wrong signature, and takes as long
    secret = str(source.webhook_secret) if source is not None else secrets.token_urlsafe()
    try:
        webhooks.ensure_signed(request.headers, request.body, secret)
    except HookRefused:
        _count_wrong(request, slot)
        raise
    if slot is None or source is None:
        raise HookRefused(reason="it is not signed with the secret of this slot")
    delivery = webhooks.read(request.headers, request.body)
    if (why := delivery.why_ignored(source.branch)) is not None:
        return JsonResponse({"message": why, "operation": None})
    _ensure_few([buckets.Bucket(FETCHES, str(slot.pk))], slot.title)
    operation = source_control.sync(publisher=Publisher(f"{delivery.sender} (webhook)"), slot=slot)
    return _accepted(request, source, operation)


@with_slot
def _deploy_as_asked(request: HttpRequest, slot: Slot) -> HttpResponse:
    """As Kudu's generic hook: a JSON object may name the repository and branch, which must be those of the slot."""
    said = webhooks.payload(request.headers, request.body)
    source = source_control.connected(slot)
    if source is None:
        raise NotConnected(name=slot.title)
    for name, own in (("url", source.url), ("branch", source.branch)):
        if said.get(name) not in (None, "", own):
            raise PublicationRefused(
                f"'{slot.title}' is connected to '{source.branch}' of {source.url}, not to the {name} that was sent. "
                "Nothing was fetched; change that under 'Set up deployment from source control' first."
            )
    return _accepted(request, source, source_control.sync(publisher=publisher_of(request), slot=slot))


def _accepted(request: HttpRequest, source: SourceControl, operation: Operation) -> HttpResponse:
    where = request.build_absolute_uri("/api/deployments/latest")
    message = f"'{source.branch}' of {source.url} is being fetched; how far it is stands in the portal."
    return JsonResponse(
        {"message": message, "operation": str(operation.public_id)}, status=202, headers={"Location": where}
    )


def _count_wrong(request: HttpRequest, slot: Slot | None) -> None:
    tries = [buckets.Bucket(FROM_ADDRESS, network_of(client_address(request)))]
    if slot is not None:
        tries.append(buckets.Bucket(TO_SLOT, str(slot.pk)))
    _ensure_few(tries, request.get_host())


def _ensure_few(tries: list[buckets.Bucket], name: str) -> None:
    """Raises HookLimited."""
    wait = buckets.take(tries)
    if wait:
        minutes = math.ceil(wait / 60)
        raise HookLimited(name=f"'{name}'", wait=counted(minutes, "minute"), retry_after=60 * minutes)
