"""Second factors: how their secrets are kept, what a sign-in with one asks for, and who must have one."""

from collections.abc import Iterator
from typing import Any, cast

import segno
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.stages import AuthenticateStage
from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.safestring import SafeString

from sites.models.fields import decrypt, encrypt
from sites.services.key_rotation import Renewal, renew_json

FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
"""What a sign-in asks for; recovery codes stand in for these and are none themselves."""

MEANWHILE = ("/settings/account/", "/sign-out/")
"""What somebody may ask for who has yet to set up the second factor that the installation wants."""


class FactorAdapter(DefaultMFAAdapter):
    """allauth's, with secrets encrypted and the portal's own names."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": "That code is wrong, or it was used already. Type the next one; each works once.",
        "cannot_delete_authenticator": (
            "This installation asks for a second factor, and this is your only one, so it was not removed. "
            "Set up another one first."
        ),
    }

    def encrypt(self, text: str) -> str:
        """As the secrets of sites are."""
        return encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Undo `encrypt`."""
        return decrypt(encrypted_text)

    def build_totp_svg(self, url: str) -> SafeString:
        """The square that an app's camera reads, as inline SVG."""
        # It is made of the address' bits alone, so nothing in it can be markup
        return SafeString(segno.make(url, error="m").svg_inline(scale=4, border=4))

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Whoever must have a factor keeps the last one."""
        user = cast(User, authenticator.user)
        others = Authenticator.objects.filter(user=user, type__in=FACTORS).exclude(pk=authenticator.pk)
        return not is_required(user) or others.exists()

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """The portal's host name, whatever port or case the request named."""
        return {"id": settings.PORTAL_HOST, "name": "Greenroom"}

    def get_public_key_credential_user_entity(self, user: Any) -> dict[str, Any]:
        """The name by which the person signs in, not the mail address."""
        name = user.get_username()
        return {**super().get_public_key_credential_user_entity(user), "name": name, "display_name": name}

    def get_totp_label(self, user: Any) -> str:
        """The same in the app's list."""
        return str(user.get_username())


class SecondStep(AuthenticateStage):
    """After the password, for whoever has a factor; ended by a change of the password."""

    def handle(self) -> tuple[HttpResponse | None, bool]:
        """Remember which password was right."""
        self.state["password"] = self.login.user.get_session_auth_hash()
        return cast("tuple[HttpResponse | None, bool]", super().handle())

    def is_resumable(self, request: HttpRequest) -> bool:
        """The sign-in page leads to itself: somebody else may want to sign in."""
        return False

    @property
    def is_good(self) -> bool:
        """Whether the first step still holds."""
        user = self.login.user
        fallbacks = user.get_session_auth_fallback_hash()  # for a sign-in that began under a former key
        return bool(user.is_active and self.state.get("password") in (user.get_session_auth_hash(), *fallbacks))

    def end(self) -> HttpResponse:
        """Begin again."""
        self.abort()
        return redirect("account_login")


def renew_secrets() -> Iterator[Renewal]:
    """Encrypt the secrets of apps and recovery codes under the newest key; for ENCRYPTED_PLACES."""
    return renew_json(Authenticator, "data")


def is_set(user: User) -> bool:
    """Whether a password alone does not sign this person in."""
    return Authenticator.objects.filter(user=user, type__in=FACTORS).exists()


def is_required(user: User) -> bool:
    """Whether the installation wants this person to have a second factor."""
    return settings.SECOND_FACTOR == "everybody" or (settings.SECOND_FACTOR == "superusers" and user.is_superuser)


def is_missing(request: HttpRequest) -> bool:
    """Whether the person must set up a second factor before anything else, and asks for something else."""
    user = cast(User, request.user)
    return is_required(user) and not is_set(user) and not request.path.startswith(MEANWHILE)


def of(user: User) -> dict[str, Any]:
    """What the account's page shows: the app, the passkeys, and how many recovery codes are left."""
    found = list(Authenticator.objects.filter(user=user).order_by("created_at"))
    codes = next((each for each in found if each.type == Authenticator.Type.RECOVERY_CODES), None)
    return {
        "app": next((each for each in found if each.type == Authenticator.Type.TOTP), None),
        "passkeys": [each for each in found if each.type == Authenticator.Type.WEBAUTHN],
        "has_codes": codes is not None,
        "codes_left": len(codes.wrap().get_unused_codes()) if codes else 0,
    }
