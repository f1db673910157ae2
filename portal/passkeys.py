"""Passkeys: what is asked of the browser, and whether its answer proves the key."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils import timezone
from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestedCredentialData,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from portal.models import Passkey
from sites.errors import SettingRefused
from sites.services.plain_line import plain_line

STATE = "passkey_challenge"
MOST = 10


def begin_adding(request: HttpRequest, user: User) -> dict[str, Any]:
    """What the browser needs to make a key; the challenge stays in the session."""
    known = _credentials(user)
    if len(known) >= MOST:
        raise SettingRefused(f"An account has at most {MOST} passkeys; nothing was changed. Remove one first.")
    entity = PublicKeyCredentialUserEntity(
        name=user.get_username(), display_name=user.get_username(), id=str(user.pk).encode()
    )
    options, request.session[STATE] = _server(request).register_begin(
        entity,
        known,
        resident_key_requirement=ResidentKeyRequirement.PREFERRED,
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    return dict(options)["publicKey"]


def add(request: HttpRequest, user: User, name: str, answer: Mapping[str, Any]) -> Passkey:
    """Keep the new key's public half. Raises SettingRefused when the answer does not fit the challenge."""
    state = request.session.pop(STATE, None)
    try:
        data = _server(request).register_complete(state, answer) if state else None
    except (ValueError, TypeError, KeyError, AttributeError):
        data = None
    if data is None or data.credential_data is None:
        raise SettingRefused("The passkey could not be verified, so none was added. Try again.")
    named = plain_line(name, "The name of the passkey")[:64] or "Passkey"
    return Passkey.objects.create(user=user, name=named, credential=bytes(data.credential_data))


def begin_proof(request: HttpRequest, user: User) -> dict[str, Any]:
    """What the browser needs to prove one of the person's keys."""
    options, request.session[STATE] = _server(request).authenticate_begin(
        _credentials(user), user_verification=UserVerificationRequirement.PREFERRED
    )
    return dict(options)["publicKey"]


def accept(request: HttpRequest, user: User, answer: Mapping[str, Any]) -> bool:
    """Whether the answer proves one of the person's keys; a challenge is good once."""
    state = request.session.pop(STATE, None)
    if not state:
        return False
    try:
        proven = _server(request).authenticate_complete(state, _credentials(user), answer)
    except (ValueError, TypeError, KeyError, AttributeError):
        return False
    for passkey in Passkey.objects.filter(user=user):
        if AttestedCredentialData(bytes(passkey.credential)).credential_id == proven.credential_id:
            Passkey.objects.filter(pk=passkey.pk).update(last_used_at=timezone.now())
    return True


def _server(request: HttpRequest) -> Fido2Server:
    """The relying party is the portal's host name, and nothing but the portal's own origin may ask."""
    own = {f"http://{request.get_host()}", f"https://{request.get_host()}"}
    return Fido2Server(
        PublicKeyCredentialRpEntity(id=settings.PORTAL_HOST, name="Greenroom"), verify_origin=own.__contains__
    )


def _credentials(user: User) -> list[AttestedCredentialData]:
    found = Passkey.objects.filter(user=user).values_list("credential", flat=True)
    return [AttestedCredentialData(bytes(credential)) for credential in found]
