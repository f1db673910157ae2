"""Authenticator app, passkeys and recovery codes: each change wants a confirmation of a few minutes ago."""

from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView, ViewRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.mfa.webauthn.views import AddWebAuthnView, RemoveWebAuthnView
from django.http import HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString

from portal.accounts.views.sheet import OnSheet, sheet_context
from sites.errors import SettingRefused


class SetUpApp(OnSheet, ActivateTOTPView):
    """Show a new secret, and keep it once a code proves that the app has it."""

    template_name = "account/app.html"

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        """The secret as a square, and in groups of four for whoever types it."""
        context = super().get_context_data(**more)
        secret = context["form"].secret
        drawing = SafeString(context["totp_svg"])
        return {**context, "drawing": drawing, "secret": " ".join(secret[n : n + 4] for n in range(0, len(secret), 4))}


class RemoveApp(OnSheet, DeactivateTOTPView):
    """Ask, then forget the app."""

    template_name = "account/remove_app.html"


class AddPasskey(OnSheet, AddWebAuthnView):
    """Keep the public half of a passkey that the browser makes."""

    template_name = "account/passkey.html"

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        """allauth's view forgets the form that was sent."""
        return {**super().get_context_data(**more), **more}


class RemovePasskey(OnSheet, RemoveWebAuthnView):
    """Ask, then forget a passkey."""

    template_name = "account/remove_passkey.html"

    def form_valid(self, form: Any) -> HttpResponse:
        """Raises SettingRefused for the last factor of somebody who must have one: allauth looks at apps only."""
        if not get_adapter().can_delete_authenticator(self.get_object()):
            raise SettingRefused(str(get_adapter().error_messages["cannot_delete_authenticator"]))
        return super().form_valid(form)


class NewCodes(OnSheet, GenerateRecoveryCodesView):
    """Ask, then make ten new recovery codes; the former ones no longer work."""

    template_name = "account/new_codes.html"


class ShowCodes(ViewRecoveryCodesView):
    """The recovery codes, once."""

    template_name = "account/codes.html"

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        """In groups of four."""
        context = super().get_context_data(**more)
        groups = [" ".join(code[n : n + 4] for n in range(0, len(code), 4)) for code in context["unused_codes"]]
        return {**context, "codes": groups, **sheet_context(reverse("account"))}
