"""Single sign-on: there, back, and what connects an account with it."""

from allauth.account.decorators import reauthentication_required
from allauth.socialaccount.internal.flows.connect import disconnect as end_connection
from allauth.socialaccount.internal.flows.connect import validate_disconnect
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from portal.accounts import attempts, sso
from portal.answers import back_address
from portal.http import PortalRequest
from sites.errors import NotFound, SettingRefused


@never_cache
@require_POST
@login_not_required
def begin(request: PortalRequest) -> HttpResponse:
    """To the provider, to sign in."""
    _ensure_configured()
    attempts.ensure_few(request, attempts.STARTS)
    return sso.begin(request, process="login", next_url=back_address(request))


@never_cache
@require_safe
@login_not_required
def callback(request: HttpRequest) -> HttpResponse:
    """Back from the provider."""
    _ensure_configured()
    view = OAuth2CallbackView.adapter_view(sso.StrictAdapter(request, settings.OIDC_PROVIDER))
    try:
        return view(request)
    except sso.FAULTS as fault:
        return sso.not_confirmed(request, fault)


@require_POST
@reauthentication_required(app="allauth.socialaccount")
def connect(request: PortalRequest) -> HttpResponse:
    """To the provider, to connect the account there with this one."""
    _ensure_configured()
    return sso.begin(request, process="connect", next_url=reverse("account"))


@require_POST
@reauthentication_required(app="allauth.socialaccount")
def disconnect(request: PortalRequest) -> HttpResponse:
    """The account there no longer leads in here."""
    _ensure_configured()
    account = sso.account_of(request.user)
    if account is None:
        raise NotFound
    try:
        validate_disconnect(request, account)
    except ValidationError as fault:
        raise SettingRefused(" ".join(fault.messages)) from None
    end_connection(request, account)
    return redirect("account")


def _ensure_configured() -> None:
    if not sso.is_configured():
        raise NotFound
