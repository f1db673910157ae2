"""Who publishes: a slot's own user and password, by HTTP Basic (RFC 7617), on the slot's publishing host."""

import base64
import functools
import hmac
import logging
import math
from collections.abc import Callable

from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase

from sites.errors import GreenroomError, NoSpaceLeft, NotAuthenticated, PublishingLimited, SlotBusy, is_disk_full
from sites.limits import buckets
from sites.limits.address import client_address, network_of
from sites.models import HostName, HostNameKind, Slot

logger = logging.getLogger(__name__)
FROM_ADDRESS = buckets.Limit("publishing from address", 30)
TO_HOST = buckets.Limit("publishing to host", 120)
"""Wrong credentials within a quarter of an hour. The right ones are always accepted: their 256 random bits cannot be
guessed, and wrong ones of a stranger must not keep a pipeline out."""
IN_PROGRESS = "There is a deployment currently in progress. Please try again when it completes."
REALM = 'Basic realm="publishing", charset="UTF-8"'


def slot_of(request: HttpRequest) -> Slot | None:
    """The slot whose publishing host name was asked."""
    host = request.get_host().rsplit(":", 1)[0].rstrip(".").lower()
    name = HostName.objects.filter(name=host, kind=HostNameKind.PUBLISHING).select_related("slot__site").first()
    return name.slot if name else None


def with_slot(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Give the view the slot as its second argument once its credentials were shown; otherwise answer 401.

    The credentials of one slot open that slot only (seed: Enable, last sentence).
    """

    @functools.wraps(view)
    def gate(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        slot = slot_of(request)
        user, password = _credentials(request)
        # Both are compared in any case, so that the time taken tells nothing
        is_user = hmac.compare_digest(user.encode(), (slot.publishing_user if slot else "").encode())
        is_password = hmac.compare_digest(password.encode(), (slot.publishing_password if slot else "").encode())
        if slot is None or not (is_user and is_password):
            return _refuse(request, slot, is_its_user=is_user)
        return _answered(lambda: view(request, slot, *args, **kwargs))

    return gate


def _answered(view: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """The view's answer, or code and sentence of its refusal."""
    try:
        return view()
    except GreenroomError as refusal:
        return refused(refusal)
    except OSError as error:
        if not is_disk_full(error):
            raise
        return refused(NoSpaceLeft(what="Your publication", holds="Nothing was changed."))


def refused(refusal: GreenroomError) -> JsonResponse:
    """What a program is answered; clients of Kudu know the first sentence."""
    busy = f"{IN_PROGRESS} " if isinstance(refusal, SlotBusy) else ""
    return JsonResponse({"code": refusal.code, "message": f"{busy}{refusal}"}, status=refusal.http_status)


def _refuse(request: HttpRequest, slot: Slot | None, *, is_its_user: bool) -> JsonResponse:
    host, address = request.get_host(), client_address(request)
    whose = "its own user with a wrong password" if is_its_user and slot else "another user"  # maybe a password
    logger.warning("Publishing to %s from %s was refused to %s.", host, address, whose)
    tries = [buckets.Bucket(FROM_ADDRESS, network_of(address))]
    if slot:
        tries.append(buckets.Bucket(TO_HOST, str(slot.pk)))
    # A client that sends no credentials at all guesses nothing: it asks which ones are wanted (RFC 7617, section 2)
    wait = buckets.take(tries) if "Authorization" in request.headers else 0.0
    refusal = PublishingLimited(host=host) if wait else NotAuthenticated(host=host)
    answer = {"code": refusal.code, "message": str(refusal)}
    if wait:
        return JsonResponse(answer, status=429, headers={"Retry-After": str(math.ceil(wait))})
    return JsonResponse(answer, status=401, headers={"WWW-Authenticate": REALM})


def _credentials(request: HttpRequest) -> tuple[str, str]:
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:  # no Base64, not even ASCII, or no UTF-8 in it
        return "", ""
    return user, password
