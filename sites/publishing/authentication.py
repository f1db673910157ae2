"""Who publishes: a slot's own user and password, by HTTP Basic (RFC 7617), on the slot's publishing host."""

import base64
import binascii
import functools
import hmac
from collections.abc import Callable

from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase

from sites.errors import NotAuthenticated
from sites.models import HostName, HostNameKind, Slot

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
            refusal = NotAuthenticated(host=request.get_host())
            answer = {"code": refusal.code, "message": str(refusal)}
            return JsonResponse(answer, status=401, headers={"WWW-Authenticate": REALM})
        return view(request, slot, *args, **kwargs)

    return gate


def _credentials(request: HttpRequest) -> tuple[str, str]:
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, password
