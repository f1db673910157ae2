"""Settings, your account: everything by which a person signs in, on one page."""

from typing import Any, cast

from allauth.account.models import EmailAddress
from allauth.account.views import PasswordChangeView
from django.conf import settings
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal.accounts import factors, sessions, sso
from portal.accounts.forms import PasswordForm
from portal.http import PortalRequest
from sites.errors import NotFound
from sites.services import mails


@never_cache
@require_safe
def account(request: PortalRequest) -> HttpResponse:
    """The page."""
    return show(request)


class ChangePassword(PasswordChangeView):
    """One's own password; other sessions end."""

    http_method_names = ["get", "head", "post"]

    def dispatch(self, request: PortalRequest, *args: Any, **more: Any) -> HttpResponseBase:
        """The form is on the account's page."""
        if not request.user.has_usable_password():
            raise NotFound
        if request.method != "POST":
            return redirect("account")
        return super().dispatch(request, *args, **more)

    def form_invalid(self, form: Any) -> HttpResponse:
        """The account's page, with the fault."""
        return show(cast(PortalRequest, self.request), form=form, status=400)


def show(request: PortalRequest, *, form: Any = None, status: int = 200) -> HttpResponse:
    """The page, with the form for the password as it was sent."""
    user = request.user
    context = {
        "section": "settings",
        "settings_tab": "account",
        "form": form or PasswordForm(user=user),
        "has_password": user.has_usable_password(),
        "sessions": sessions.of(request, user),
        "is_factor_missing": factors.is_required(user) and not factors.is_set(user),
        "provider": settings.OIDC_NAME if sso.is_configured() else "",
        "is_connected": sso.is_configured() and sso.account_of(user) is not None,
        "are_mails_sent": mails.are_sent(),
        "addresses": EmailAddress.objects.filter(user=user).order_by("-verified") if mails.are_sent() else [],
        "session_hours": settings.SESSION_HOURS,
        "idle_minutes": settings.SESSION_IDLE_MINUTES,
        **factors.of(user),
    }
    context["form"].fields["oldpassword"].widget.attrs.pop("autofocus", None)  # there is more on this page
    return render(request, "account/account.html", context, status=status)
