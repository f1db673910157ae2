"""Codes of an authenticator app and recovery codes: each is good once, whichever process of the portal takes it."""

import re
import time
from typing import Any

from allauth.core import context
from allauth.mfa import app_settings
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal import auth as totp
from django import forms
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils.crypto import salted_hmac

from portal.accounts import attempts
from sites.keyring import key_file
from sites.models.fields import decrypt, encrypt

LONGEST = 64
FORMER_LENGTH = 12
"""Recovery codes of before allauth: three times four letters and digits, kept as keyed digests."""


class TakenOnce(forms.Form):
    """What the forms for the sign-in and for confirmations share: a limit, and one use of each code."""

    user: User
    authenticator: Authenticator

    def clean_code(self) -> str:
        """The code, used up. Raises SignInLimited."""
        self.cleaned_data["code"] = _as_kept(self.user, self.cleaned_data["code"])
        with attempts.code(context.request, self.user) as attempt:
            fault = self._take()
            if fault is None:
                attempt.succeed()
        if fault is not None:
            raise fault
        return str(self.cleaned_data["code"])

    @transaction.atomic
    def _take(self) -> forms.ValidationError | None:
        # One at a time for each person, so that a code which is sent twice at once is taken once
        list(User.objects.select_for_update().filter(pk=self.user.pk))
        try:
            code = super().clean_code()  # type: ignore[misc]
        except forms.ValidationError as fault:
            return fault
        if self.authenticator.type == Authenticator.Type.TOTP and not _is_later(self.authenticator, code):
            return forms.ValidationError("That code was used already. Type the next one; each works once.")
        return None


class SignInCodeForm(TakenOnce, AuthenticateForm):
    """The second step of a sign-in."""


class ConfirmationCodeForm(TakenOnce, ReauthenticateForm):
    """A confirmation by whoever is signed in."""


class AppForm(ActivateTOTPForm):
    """The set-up of an app. Until a code proves that the app has the secret, it is kept encrypted in the session."""

    def __init__(self, *args: Any, **more: Any) -> None:
        self.user = more.pop("user")
        forms.Form.__init__(self, *args, **more)
        session = context.request.session
        kept = session.get(totp.SECRET_SESSION_KEY) if self.is_bound else None
        self.secret = decrypt(kept) if kept else totp.generate_totp_secret()
        session[totp.SECRET_SESSION_KEY] = kept or encrypt(self.secret)

    def clean_code(self) -> str:
        """The code that the app shows. Raises SignInLimited."""
        code = str(self.cleaned_data["code"])[:LONGEST]
        with attempts.code(context.request, self.user) as attempt:
            if totp.validate_totp_code(self.secret, code):
                attempt.succeed()
        if not attempt.is_right:
            raise forms.ValidationError(
                "That is not the code which the app shows now. Type the present one; the clocks may differ by 30 s."
            )
        return code


def former_digest(user: User, code: str) -> str:
    """How a recovery code of before allauth is kept."""
    secret = key_file(settings.KEY_FILE).read().codes
    return salted_hmac("portal.recovery_code", f"{user.pk}:{code}", secret=secret, algorithm="sha256").hexdigest()


def _as_kept(user: User, typed: str) -> str:
    """A code as it is compared: without spaces and hyphens. What is as long as a digest is none."""
    code = re.sub(r"[^a-z0-9]", "", typed[:LONGEST].lower())
    if len(code) == FORMER_LENGTH:
        return former_digest(user, code)
    return code if len(code) <= app_settings.RECOVERY_CODE_DIGITS else ""


def _is_later(app: Authenticator, code: str) -> bool:
    """Whether no code of this 30-second step or a later one was taken before (RFC 6238, section 5.2); notes it."""
    present = int(time.time()) // app_settings.TOTP_PERIOD
    secret = decrypt(app.data["secret"])
    steps = range(present - app_settings.TOTP_TOLERANCE, present + app_settings.TOTP_TOLERANCE + 1)
    step = next((one for one in steps if totp.format_hotp_value(totp.hotp_value(secret, one)) == code), 0)
    if step <= app.data.get("last_step", 0):
        return False
    app.data["last_step"] = step
    app.save(update_fields=["data"])
    return True
