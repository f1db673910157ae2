"""The second factor of a sign-in: codes of an authenticator app, and recovery codes for the day when it is lost."""

import base64
import hmac
import os
import secrets
import time

import segno
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils.crypto import salted_hmac
from django.utils.safestring import SafeString

from portal.models import Passkey, RecoveryCode, TimeCode
from sites.keyring import key_file

STEP_SECONDS = 30
CODES = 10
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


def is_set(user: User) -> bool:
    """Whether a password alone does not sign this person in."""
    return TimeCode.objects.filter(user=user).exists() or Passkey.objects.filter(user=user).exists()


def new_secret() -> str:
    """A fresh secret as an app takes it: 160 bits in base 32 (RFC 4226, section 4)."""
    return base64.b32encode(os.urandom(20)).decode()


def drawing(secret: str, name: str) -> SafeString:
    """The square that an app's camera reads, as inline SVG."""
    address = _totp(secret).get_provisioning_uri(name, "Greenroom")
    svg = segno.make(address, error="m").svg_inline(scale=4, border=4)
    return SafeString(svg)  # made of the address' bits alone, so nothing in it can be markup


def matching_step(secret: str, code: str) -> int | None:
    """The 30-second step whose code this is: the present one, or one beside it where a clock is off."""
    present = int(time.time()) // STEP_SECONDS
    typed = code.replace(" ", "").encode()
    totp = _totp(secret)
    steps = (present, present - 1, present + 1)
    return next((step for step in steps if hmac.compare_digest(totp.generate(step * STEP_SECONDS), typed)), None)


def set_app(user: User, secret: str, step: int) -> None:
    """From now on the app's codes are asked for; `step` is that of the code that proved it works."""
    TimeCode.objects.update_or_create(user=user, defaults={"secret": secret, "last_step": step})


def accept(user: User, code: str) -> bool:
    """Whether `code` is good for a sign-in, now; it is used up by that.

    A conditional change has one winner, so a code that is sent twice at once signs in once.
    """
    app = TimeCode.objects.filter(user=user).first()
    step = matching_step(app.secret, code) if app else None
    if step is not None:
        return bool(TimeCode.objects.filter(user=user, last_step__lt=step).update(last_step=step))
    used, _ = RecoveryCode.objects.filter(user=user, digest=_digest(user, code)).delete()
    return bool(used)


@transaction.atomic
def new_recovery_codes(user: User) -> list[str]:
    """Ten new codes, kept as keyed digests only; the former ones no longer work."""
    codes = ["-".join(_letters(4) for _ in range(3)) for _ in range(CODES)]
    RecoveryCode.objects.filter(user=user).delete()
    RecoveryCode.objects.bulk_create(RecoveryCode(user=user, digest=_digest(user, code)) for code in codes)
    return codes


def forget_codes_without_factor(user: User) -> None:
    """After the last factor is gone its recovery codes mean nothing."""
    if not is_set(user):
        RecoveryCode.objects.filter(user=user).delete()


def _totp(secret: str) -> TOTP:
    return TOTP(base64.b32decode(secret), 6, SHA1(), STEP_SECONDS)  # noqa: S303  apps know no other digest


def _letters(count: int) -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(count))


def _digest(user: User, code: str) -> str:
    typed = "".join(letter for letter in code.lower() if letter.isalnum())
    secret = key_file(settings.KEY_FILE).read().codes
    return salted_hmac("portal.recovery_code", f"{user.pk}:{typed}", secret=secret, algorithm="sha256").hexdigest()
