"""Before a change of the account: whoever is signed in proves to be the person."""

from typing import Any

from allauth.account.views import ReauthenticateView
from allauth.mfa.base.views import ReauthenticateView as CodeView
from allauth.mfa.webauthn.views import ReauthenticateWebAuthnView as PasskeyView
from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from portal.accounts import sso
from portal.accounts.views.sheet import OnSheet, sheet_context
from portal.answers import back_address
from portal.http import PortalRequest


class ByPassword(OnSheet, ReauthenticateView):
    """The password."""

    template_name = "account/confirm_password.html"


class ByCode(OnSheet, CodeView):
    """A code of the app, or a recovery code."""

    template_name = "account/confirm_code.html"


class ByPasskey(OnSheet, PasskeyView):
    """A passkey."""

    template_name = "account/confirm_passkey.html"

    def form_invalid(self, form: Any) -> HttpResponse:
        """The sheet once more; allauth would lead to the sign-in."""
        return self.render_to_response(self.get_context_data(form=form), status=400)

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        """allauth's view forgets the form that was sent."""
        return {**super().get_context_data(**more), **more}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def by_single_sign_on(request: PortalRequest) -> HttpResponse:
    """Another sign-in with the provider, for whoever has nothing else."""
    next_url = back_address(request)
    if request.method == "POST":
        return sso.begin(request, process="login", next_url=next_url, is_asked_again=True)
    context = {"provider": settings.OIDC_NAME, "next": next_url, **sheet_context(reverse("account"))}
    return render(request, "account/confirm_sso.html", context)
