"""Who publishes to a slot, on its publishing host: its own user and password, or a person's access token.

The first come by HTTP Basic (RFC 7617), a token as a bearer token (RFC 6750).
"""

import base64
import functools
import hmac
import logging
import math
from collections.abc import Callable

from django.contrib.auth.models import User
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase

from sites import access
from sites.errors import NotAllowed, NotAuthenticated, NotFound, PublishingLimited
from sites.limits import buckets
from sites.limits.address import client_address, network_of
from sites.models import HostName, HostNameKind, Scope, Slot
from sites.services import access_tokens

logger = logging.getLogger(__name__)
FROM_ADDRESS = buckets.Limit("publishing from address", 30)
TO_HOST = buckets.Limit("publishing to host", 120)
"""Wrong credentials within a quarter of an hour. The right ones are always accepted: their 256 random bits cannot be
guessed, and wrong ones of a stranger must not keep a pipeline out."""
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
        if slot is not None and (person := _person(request, slot)) is not None:
            request.publisher = person  # type: ignore[attr-defined]
            return view(request, slot, *args, **kwargs)
        user, password = _credentials(request)
        # Both are compared in any case, so that the time taken tells nothing
        is_user = hmac.compare_digest(user.encode(), (slot.publishing_user if slot else "").encode())
        is_password = hmac.compare_digest(password.encode(), (slot.publishing_password if slot else "").encode())
        if slot is None or not (is_user and is_password):
            return _refuse(request, slot, is_its_user=is_user)
        return view(request, slot, *args, **kwargs)

    return gate


def publisher_of(request: HttpRequest) -> User | None:
    """The person whose access token opened the gate; None for the slot's own credentials."""
    return getattr(request, "publisher", None)


def _person(request: HttpRequest, slot: Slot) -> User | None:
    """The person of an access token that may publish to the slot; None for everybody else."""
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    token = access_tokens.find(text.strip()) if scheme.lower() == "bearer" else None
    if token is None or not token.allows(Scope.PUBLISH):
        return None
    person = access.by_token(token)
    try:
        access.get_slot_for_change(person, slot.site.name, slot.name)
    except (NotFound, NotAllowed):
        return None
    return person


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
