"""Who publishes on a slot's publishing host: the slot's own user, or a person.

A person shows deployment credentials, like the slot's own user by HTTP Basic (RFC 7617), or an access token.
"""

import base64
import functools
import hmac
import logging
import math
from collections.abc import Callable
from typing import cast

from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase

from sites import access
from sites.errors import (
    GreenroomError,
    NoSpaceLeft,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    PublishingLimited,
    SignInBusy,
    SlotBusy,
    is_disk_full,
)
from sites.models import HostName, HostNameKind, Scope, Slot
from sites.publishing.people import person_of
from sites.services import bearers
from sites.services.publisher import Publisher
from sites.throttling import buckets
from sites.throttling.address import client_address, network_of

logger = logging.getLogger(__name__)
FROM_ADDRESS = buckets.Limit("publishing from address", 30)
TO_HOST = buckets.Limit("publishing to host", 120)
"""Wrong credentials within a quarter of an hour. The right ones are always accepted: their 256 random bits cannot be
guessed, and wrong ones of a stranger must not keep a pipeline out."""
SLOTS_BEGIN_WITH = "$"
"""The users of slots; those of people never do."""
IN_PROGRESS = "There is a deployment currently in progress. Please try again when it completes."
REALM = 'Basic realm="publishing", charset="UTF-8"'


def slot_of(request: HttpRequest) -> Slot | None:
    """The slot whose publishing host name was asked."""
    host = request.get_host().rsplit(":", 1)[0].rstrip(".").lower()
    name = HostName.objects.filter(name=host, kind=HostNameKind.PUBLISHING).select_related("slot__site").first()
    return name.slot if name else None


PUBLISHER = "greenroom.publisher"


def with_slot(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Give the view the slot as its second argument once credentials for it were shown; otherwise answer 401.

    The credentials of one slot open that slot only (seed: Enable, last sentence). Those of a person open the slots of
    the web sites that the person may change. `publisher_of` says who it is.
    """

    @functools.wraps(view)
    def gate(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        slot = slot_of(request)
        if (found := _by_token(request, slot)) is not None:
            publisher, own = found
            return _answered(request, publisher, lambda: view(request, own, *args, **kwargs))
        user, password = _credentials(request)
        # Both are compared in any case, so that the time taken tells nothing
        is_user = hmac.compare_digest(user.encode(), (slot.publishing_user if slot else "").encode())
        is_password = hmac.compare_digest(password.encode(), (slot.publishing_password if slot else "").encode())
        if slot is not None and is_user and is_password:
            return _answered(request, Publisher(user), lambda: view(request, slot, *args, **kwargs))
        if not user or user.startswith(SLOTS_BEGIN_WITH):
            return _refuse(request, slot, is_its_user=is_user)
        return _as_person(request, slot, (user, password), lambda slot: view(request, slot, *args, **kwargs))

    return gate


def publisher_of(request: HttpRequest) -> Publisher:
    """Who has shown credentials."""
    return cast(Publisher, request.META[PUBLISHER])


def _as_person(
    request: HttpRequest, slot: Slot | None, shown: tuple[str, str], view: Callable[[Slot], HttpResponseBase]
) -> HttpResponseBase:
    """For a stranger to the web site the same answer as for wrong credentials."""
    try:
        person = person_of(*shown, network=network_of(client_address(request)), host=request.get_host())
    except (PublishingLimited, SignInBusy) as refusal:
        return _too_many(refusal, cast(float, refusal.values["retry_after"]))
    if person is None or slot is None or not access.visible_sites(person).filter(pk=slot.site_id).exists():
        return _refuse(request, slot, is_its_user=False)
    publisher = Publisher(person.get_username(), person)
    return _answered(request, publisher, lambda: view(publisher.checked(slot)))


def _by_token(request: HttpRequest, slot: Slot | None) -> tuple[Publisher, Slot] | None:
    """The person of a token (RFC 6750) that may publish to the slot, and the slot; None for everybody else."""
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    token = bearers.find(text.strip()) if slot is not None and scheme.lower() == "bearer" else None
    if slot is None or token is None or not token.allows(Scope.PUBLISH):
        return None
    person = access.by_token(token)
    publisher = Publisher(access.name_of(person), person)
    try:
        return publisher, publisher.checked(slot)
    except (NotFound, NotAllowed):
        return None


def _answered(request: HttpRequest, publisher: Publisher, view: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """The view's answer, or code and sentence of its refusal."""
    request.META[PUBLISHER] = publisher
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
    if wait:
        return _too_many(refusal, wait)
    answer = {"code": refusal.code, "message": str(refusal)}
    return JsonResponse(answer, status=401, headers={"WWW-Authenticate": REALM})


def _too_many(refusal: GreenroomError, wait: float) -> JsonResponse:
    answer = {"code": refusal.code, "message": str(refusal)}
    return JsonResponse(answer, status=429, headers={"Retry-After": str(math.ceil(wait))})


def _credentials(request: HttpRequest) -> tuple[str, str]:
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:  # no Base64, not even ASCII, or no UTF-8 in it
        return "", ""
    return user, password
