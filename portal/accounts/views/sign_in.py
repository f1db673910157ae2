"""Sign in by name and password, by a passkey, and with the second step; sign out."""

from typing import Any, cast

from allauth.account.internal.decorators import login_stage_required
from allauth.account.internal.flows.logout import logout
from allauth.account.views import LoginView
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.webauthn.views import LoginWebAuthnView
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from portal import kept_form
from portal.accounts import attempts, factors, sso
from portal.accounts.forms import SignInForm
from sites.services import mails


class SignIn(LoginView):
    """Name and password, tried a few times at most."""

    http_method_names = ["get", "head", "post"]

    def form_invalid(self, form: Any) -> HttpResponse:
        """The page once more, with the name."""
        return self.render_to_response(self.get_context_data(form=form), status=400)

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        """What the page shows beside the form."""
        return {**super().get_context_data(**more), **_beside(self.request)}


class PasskeySignIn(LoginWebAuthnView):
    """A passkey alone."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest, *args: Any, **more: Any) -> HttpResponse:
        """What the browser needs to ask for a passkey; the challenge stays in the session."""
        attempts.ensure_few(request, attempts.STARTS)
        return cast(HttpResponse, super().get(request, *args, **more))

    def form_invalid(self, form: Any) -> HttpResponse:
        """The sign-in page, with the reason."""
        fault = next(iter(form.errors.get("credential", [])), "")
        context = {"form": SignInForm(), "passkey_fault": fault, **_beside(self.request)}
        return render(self.request, "account/login.html", context, status=400)


@method_decorator(sensitive_post_parameters("code", "credential"), name="dispatch")
@method_decorator(login_stage_required(factors.SecondStep.key, "account_login"), name="dispatch")
class SecondStep(AuthenticateView):
    """A code, a recovery code, or a passkey, after the password."""

    http_method_names = ["get", "head", "post"]

    def dispatch(self, request: HttpRequest, *args: Any, **more: Any) -> HttpResponseBase:
        """Begin again when the first step no longer holds."""
        stage = cast(factors.SecondStep, request._login_stage)  # type: ignore[attr-defined]
        if not stage.is_good:
            return stage.end()
        return cast(HttpResponseBase, super().dispatch(request, *args, **more))

    def form_invalid(self, form: Any) -> HttpResponse:
        """The page once more."""
        return self.render_to_response(self.get_context_data(), status=400)

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        """Which of the two is asked for."""
        person = self.stage.login.user
        return {**super().get_context_data(**more), "person": person, **factors.of(person)}


@require_safe
@login_not_required
def admin_sign_in(request: HttpRequest) -> HttpResponse:
    """Django admin's own sign-in page knows no limit and no second factor, so everybody signs in at ours."""
    return redirect(f"{reverse('account_login')}?{request.GET.urlencode()}")


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    return redirect("account_login")


def _beside(request: HttpRequest) -> dict[str, Any]:
    return {
        "next": request.POST.get("next") or request.GET.get("next", ""),
        "is_form_kept": kept_form.is_waiting(request),
        "provider": settings.OIDC_NAME if sso.is_configured() else "",
        "are_mails_sent": mails.are_sent(),
    }
