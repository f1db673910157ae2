"""Passkeys: asked for and answered on the portal's own pages only, and limited in number."""

import json
from typing import Any

from allauth.core import context
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from django import forms
from django.contrib.auth.models import User
from fido2.utils import websafe_decode

from portal import security_log
from portal.accounts import attempts

MAX_PASSKEYS = 10
LONGEST_NAME = 64
LONGEST_ANSWER = 32 * 1024
NOT_PROVEN = "The passkey was not recognised. Try again, or sign in another way."
NOT_ADDED = "The passkey could not be verified, so none was added. Try again."
BROKEN = (ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""What the parts of an answer raise that is none."""


class AnswerField(forms.JSONField):
    """What the browser sends: not long, not so deep that its reader gives up, and with no number that it refuses."""

    def __init__(self, **more: Any) -> None:
        super().__init__(required=True, widget=forms.HiddenInput, **more)

    def to_python(self, value: Any) -> Any:
        """Raises ValidationError."""
        if isinstance(value, str) and len(value) > LONGEST_ANSWER:
            raise forms.ValidationError(NOT_PROVEN)
        try:
            return super().to_python(value)
        except (RecursionError, ValueError):
            raise forms.ValidationError(NOT_PROVEN) from None


class ProofForm(forms.Form):
    """What the forms that take a proof share.

    A proof cannot be guessed, so the right one is always taken; wrong ones are counted for the address.
    """

    credential = AnswerField()

    def clean_credential(self) -> Authenticator:
        """The passkey that was proven. Raises SignInLimited when wrong ones have come again and again."""
        try:
            _ensure_own_origin(self.cleaned_data["credential"])
            return super().clean_credential()  # type: ignore[misc]
        except (forms.ValidationError, *BROKEN):
            security_log.note_refusal(context.request, "A passkey")
            attempts.ensure_few(context.request, attempts.ADDRESS)
        raise forms.ValidationError(NOT_PROVEN)


class SecondStepForm(ProofForm, AuthenticateWebAuthnForm):
    """The second step of a sign-in."""


class SignInForm(ProofForm, LoginWebAuthnForm):
    """A sign-in by a passkey alone, which its owner has unlocked by a finger, a face or a number."""


class ConfirmationForm(ProofForm, ReauthenticateWebAuthnForm):
    """A confirmation by whoever is signed in."""


class AddForm(AddWebAuthnForm):
    """A new passkey."""

    name = forms.CharField(required=False, max_length=LONGEST_NAME)
    credential = AnswerField()

    def clean_name(self) -> str:
        """Without signs that are not seen: it stands in sentences and in logs."""
        return "".join(letter for letter in self.cleaned_data["name"] if letter.isprintable()).strip() or "Passkey"

    def clean(self) -> dict[str, Any]:
        """Verified, made on a page of the portal, and not one too many."""
        user: User = self.user
        if Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN).count() >= MAX_PASSKEYS:
            raise forms.ValidationError(
                f"An account has at most {MAX_PASSKEYS} passkeys; none was added. Remove one first."
            )
        try:
            _ensure_own_origin(self.cleaned_data.get("credential"))
            return super().clean()
        except (forms.ValidationError, *BROKEN):
            raise forms.ValidationError(NOT_ADDED) from None


def _ensure_own_origin(credential: Any) -> None:
    """Raises ValueError unless the browser made the answer on a page of the portal itself.

    The library takes answers of pages below the portal's name as well, which is where the sites are (WebAuthn,
    section 13.4.9).
    """
    host = context.request.get_host()
    said = json.loads(websafe_decode(credential["response"]["clientDataJSON"]))
    if said["origin"] not in (f"http://{host}", f"https://{host}"):
        raise ValueError("a foreign origin")
