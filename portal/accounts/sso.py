"""Single sign-on: allauth's OpenID Connect, held to what the standard lets a careful client check.

allauth checks no signature of an ID token that comes from the provider's own answer, and sends no nonce. Here
signature, issuer, audience, time and nonce are checked (OpenID Connect Core 1.0, section 3.1.3.7), and that the user
info is about the same person (section 5.3.2), so that a provider, proxy or certificate that fails signs in no stranger.
"""

import hmac
import logging
import secrets
import time
from typing import Any, cast

import jwt
import requests
from allauth.account import app_settings as account_settings
from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.flows.reauthentication import get_reauthentication_flows
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter, get_adapter
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialLogin
from allauth.socialaccount.providers.base.constants import AuthError
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures by a key that only the provider has; neither `none` nor a shared secret."""
CLOCKS_DIFFER_SECONDS = 60
KEPT_SECONDS = 600
LONGEST_FAULT = 200
FAULTS = (OAuth2Error, requests.RequestException, ValueError, KeyError, TypeError, AttributeError)
"""What comes of a provider that does not answer, or sends what is no answer."""
REQUIRED = ["iss", "sub", "aud", "exp", "iat", "nonce"]

CONNECT = "If you have an account here, sign in with its password and connect the two under Your account."

logger = logging.getLogger(__name__)


class StrictAdapter(OpenIDConnectOAuth2Adapter):
    """Reads what the provider says of itself and of a person."""

    @property
    def openid_config(self) -> dict[str, Any]:
        """The provider's own description, kept for ten minutes. Raises OAuth2Error when it is another's."""
        key = f"openid:{settings.OIDC_ISSUER}"
        config = cache.get(key)
        if config is None:
            config = super().openid_config
            if str(config["issuer"]).rstrip("/") != settings.OIDC_ISSUER:
                raise OAuth2Error("the description names another issuer")
            cache.set(key, config, KEPT_SECONDS)
        return cast("dict[str, Any]", config)

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        """At the portal's own address, which is the one that the provider knows."""
        return str(settings.PORTAL_URL + reverse("sso-callback"))

    def complete_login(self, request: HttpRequest, app: SocialApp, token: Any, **more: Any) -> SocialLogin:
        """Whose sign-in it is. Raises OAuth2Error for anything that does not fit."""
        claims = self._verified(str(more["response"].get("id_token", "")))
        told = self._fetch_user_info(token.token) if "userinfo_endpoint" in self.openid_config else claims
        if not isinstance(told, dict) or told.get("sub") != claims["sub"]:
            raise OAuth2Error("the user info is about somebody else")
        login = self.get_provider().sociallogin_from_response(request, {"userinfo": {**claims, **told}})
        login.account.extra_data = {}  # nothing of it is needed later, so nothing is kept
        login.claims = claims
        return cast(SocialLogin, login)

    def _verified(self, id_token: str) -> dict[str, Any]:
        """The claims of an ID token that the provider has signed for us."""
        with get_adapter().get_requests_session() as session:
            answer = session.get(self.openid_config["jwks_uri"])
            answer.raise_for_status()
        try:
            key = _key_of(id_token, jwt.PyJWKSet.from_dict(answer.json()))
            claims = jwt.decode(
                id_token,
                key=key.key,
                algorithms=[one for one in ALGORITHMS if one == jwt.get_unverified_header(id_token).get("alg")],
                audience=settings.OIDC_CLIENT_ID,
                issuer=self.openid_config["issuer"],
                leeway=CLOCKS_DIFFER_SECONDS,
                options={"require": REQUIRED},
            )
        except (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError) as fault:
            raise OAuth2Error(f"the ID token does not fit: {fault}") from fault
        if isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and claims.get("azp") != settings.OIDC_CLIENT_ID:
            raise OAuth2Error("the ID token was made for another client")
        return claims


class SingleSignOn(OpenIDConnectProvider):
    """The one provider of the installation."""

    oauth2_adapter_class = StrictAdapter


class SingleSignOnAdapter(DefaultSocialAccountAdapter):
    """Who may come by single sign-on, and what is said to the others."""

    error_messages = {
        **DefaultSocialAccountAdapter.error_messages,
        "no_password": "You have no password, so this is the only way in; nothing was changed.",
    }

    def get_provider(self, request: HttpRequest, provider: str, client_id: str | None = None) -> SingleSignOn:
        """Raises SocialApp.DoesNotExist where single sign-on is not configured."""
        return SingleSignOn(request, app=self.get_app(request, provider=settings.OIDC_PROVIDER, client_id=client_id))

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """The last look before somebody is let in or connected."""
        expected = str(sociallogin.state.get("nonce", ""))
        if not expected or not hmac.compare_digest(str(sociallogin.claims["nonce"]).encode(), expected.encode()):
            raise ImmediateHttpResponse(refused(request, "The answer does not belong to this sign-in."))
        if sociallogin.state.get("is_asked_again") and not _is_new(sociallogin.claims):
            raise ImmediateHttpResponse(refused(request, f"{settings.OIDC_NAME} did not ask you to sign in again."))
        sociallogin.token = None  # not needed, and it would lie in the session
        if sociallogin.state.get("process") == "connect":
            if sociallogin.is_existing and sociallogin.user != request.user:
                sentence = f"That account of {settings.OIDC_NAME} leads to another account here."
                raise ImmediateHttpResponse(refused(request, sentence))
        elif not sociallogin.is_existing:
            self._ensure_welcome(request, sociallogin)

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Decided in `pre_social_login`."""
        return True

    def on_authentication_error(self, request: HttpRequest, provider: Any, error: Any = None, **more: Any) -> None:
        """Say it in a sentence; the log has the reason."""
        if error == AuthError.CANCELLED:
            raise ImmediateHttpResponse(redirect("account_login"))
        reason = more.get("exception") or request.GET.get("error", "") or "no such sign-in"
        raise ImmediateHttpResponse(not_confirmed(request, reason))

    def _ensure_welcome(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Raises ImmediateHttpResponse for somebody who is not known here and gets no account either."""
        name = User.normalize_username(sociallogin.user.get_username())
        known = f"{settings.OIDC_NAME} says that you are '{name}'."
        if not settings.OIDC_NEW_PEOPLE:
            sentence = f"{known} No account here belongs to that. {CONNECT}"
            raise ImmediateHttpResponse(refused(request, sentence))
        try:
            get_account_adapter().clean_username(name)
        except ValidationError:
            sentence = f"{known} That name is in use here, or cannot be one. {CONNECT}"
            raise ImmediateHttpResponse(refused(request, sentence)) from None
        if User.objects.filter(email__iexact=sociallogin.user.email).exists():
            sociallogin.user.email = ""
            sociallogin.email_addresses = []


def is_configured() -> bool:
    """Whether the installation names a provider."""
    return bool(settings.OIDC_ISSUER)


def begin(request: HttpRequest, *, process: str, next_url: str, is_asked_again: bool = False) -> HttpResponse:
    """Send the browser to the provider. Raises SocialApp.DoesNotExist where there is none."""
    provider = get_adapter().get_provider(request, settings.OIDC_PROVIDER)
    nonce = secrets.token_urlsafe(24)
    parameters = {"nonce": nonce, **({"prompt": "login", "max_age": "0"} if is_asked_again else {})}
    kept = {"nonce": nonce, "is_asked_again": is_asked_again}
    try:
        answer = provider.redirect(request, process, next_url=next_url, auth_params=parameters, **kept)
    except FAULTS as fault:
        logger.warning("%s does not answer: %s", settings.OIDC_NAME, ascii(str(fault))[:LONGEST_FAULT])
        return refused(request, f"{settings.OIDC_NAME} does not answer. Try again, or use your password.")
    # Not a redirect: the Content-Security-Policy lets no form of the portal lead elsewhere, and a redirect counts
    return render(request, "account/sso_leave.html", {"address": answer["Location"], "provider": settings.OIDC_NAME})


def refused(request: HttpRequest, sentence: str) -> HttpResponse:
    """The page that ends a sign-in which did not succeed."""
    return render(request, "account/sso_refused.html", {"sentence": sentence}, status=401)


def not_confirmed(request: HttpRequest, reason: object) -> HttpResponse:
    """The same where the provider is at fault; the log has the reason."""
    logger.warning("A sign-in with %s failed: %s", settings.OIDC_NAME, ascii(str(reason))[:LONGEST_FAULT])
    return refused(request, f"{settings.OIDC_NAME} did not confirm who you are.")


def account_of(user: User) -> SocialAccount | None:
    """What leads to this person at the provider."""
    return SocialAccount.objects.filter(user=user, provider=settings.OIDC_PROVIDER).first()


def was_confirmed(request: HttpRequest) -> bool:
    """Whether a person who has nothing but single sign-on has just come from there."""
    if get_reauthentication_flows(request.user):
        return False
    records = [one for one in get_authentication_records(request, request.user) if one["method"] == "socialaccount"]
    return bool(records) and time.time() - records[-1]["at"] < account_settings.REAUTHENTICATION_TIMEOUT


def confirmation_methods(user: User) -> list[dict[str, str]]:
    """How such a person confirms a change."""
    if not is_configured() or account_of(user) is None:
        return []
    return [{"id": "sso", "description": f"Sign in with {settings.OIDC_NAME} again", "url": reverse("sso-confirm")}]


def _is_new(claims: dict[str, Any]) -> bool:
    """Whether the person has signed in at the provider just now, as max_age=0 asks for (section 3.1.3.7, item 13)."""
    at = claims.get("auth_time")
    return isinstance(at, int | float) and time.time() - at < account_settings.REAUTHENTICATION_TIMEOUT


def _key_of(id_token: str, keys: jwt.PyJWKSet) -> jwt.PyJWK:
    """The key that the token names; a provider with one key need not name it."""
    named = jwt.get_unverified_header(id_token).get("kid")
    if named is None and len(keys.keys) == 1:
        return keys.keys[0]
    return keys[str(named)]
