"""What allauth asks of a project, answered for Greenroom."""

from typing import Any, cast

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.stagekit import clear_login
from allauth.account.utils import get_next_redirect_url
from allauth.core import context
from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from portal import kept_form
from portal.accounts import attempts, sso
from sites.services import mails


class AccountAdapter(DefaultAccountAdapter):
    """Limits, where a sign-in leads, and which steps it has."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": "That name and password do not match. Try again. Passwords are case-sensitive.",
        "incorrect_password": "That is not your password, so nothing was changed. Type it again.",
        "enter_current_password": "That is not your password, so nothing was changed. Type it again.",
        "email_taken": "Another account has this mail address. Use another one.",
    }

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Nothing: `authenticate` counts under limits that allauth's own do not have."""

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """The person whose name and password these are. Raises SignInLimited or SignInBusy."""
        with attempts.password(request, credentials["username"]) as attempt:
            user = super().authenticate(request, **credentials)
            if user is None or not user.is_active:  # the same answer for an account that is switched off
                return None
            attempt.succeed()
            return cast(User, user)

    def reauthenticate(self, user: Any, password: str) -> bool:
        """Whether a person who is signed in knows the password. Raises SignInLimited or SignInBusy."""
        with attempts.confirmation(context.request, user) as attempt:
            if user.check_password(password):
                attempt.succeed()
        return attempt.is_right

    def pre_login(self, request: HttpRequest, user: Any, **more: Any) -> HttpResponse | None:
        """A session of before the sign-in is worth nothing after its first step."""
        request.session.cycle_key()
        return super().pre_login(request, user, **more)

    def get_login_stages(self) -> list[str]:
        """The second factor alone: there is no sign-up, no code by mail and no telephone."""
        return ["portal.accounts.factors.SecondStep"]

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """To the list."""
        return reverse("site-list")

    def post_login(self, request: HttpRequest, user: Any, **more: Any) -> HttpResponse:
        """To the form that was kept when a session ended, else where the person wanted to go."""
        wanted = more.pop("redirect_url") or get_next_redirect_url(request) or reverse("site-list")
        response = super().post_login(request, user, redirect_url=wanted, **more)
        response["Location"] = kept_form.after_sign_in(request, wanted)
        response.status_code = 303
        return response

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponse:
        """An account that is switched off gets no step further, whatever it was proven by."""
        clear_login(request)
        return HttpResponse(status=303, headers={"Location": reverse("account_login")})

    def is_safe_url(self, url: str) -> bool:
        """Only paths of the portal: a sign-in leads to no other host, not even to one that we serve."""
        return url_has_allowed_host_and_scheme(url, allowed_hosts=None)

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never: people are added by the owners of a subscription."""
        return False

    def is_reauthentication_required(self, *, app: str, **more: Any) -> bool:
        """Whoever has only single sign-on confirms a change there."""
        return super().is_reauthentication_required(app=app, **more) and not sso.was_confirmed(context.request)

    def get_reauthentication_methods(self, user: Any) -> list[dict]:
        """allauth's, and single sign-on for whoever has nothing else."""
        return super().get_reauthentication_methods(user) or sso.confirmation_methods(user)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Back to the account's page."""
        return reverse("account")

    def is_ajax(self, request: HttpRequest) -> bool:
        """Only a browser that is about to ask for a passkey wants data in place of a page."""
        return request.method == "GET" and request.path == reverse("mfa_login_webauthn")

    def add_message(self, *args: Any, **more: Any) -> None:
        """Nothing: what was done stands in the notification bar, by `portal.accounts.notices`."""

    def get_client_ip(self, request: HttpRequest) -> str:
        """As the router says it."""
        return attempts.client_address(request)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """By a worker, so that the time of an answer does not tell whether a mail was sent."""
        message = self.render_mail(template_prefix, email, context)
        mails.send(to=email, subject=str(message.subject), body=str(message.body))

    def format_email_subject(self, subject: str) -> str:
        """Which Greenroom it is about."""
        return f"[Greenroom, {settings.PORTAL_HOST}] {subject}"

    def get_reset_password_from_key_url(self, key: str) -> str:
        """At the portal's own address, whatever the request named."""
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return settings.PORTAL_URL + path.replace("UID-KEY", key)

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        """The same for a link that confirms a mail address."""
        return str(settings.PORTAL_URL + reverse("account_confirm_email", args=[emailconfirmation.key]))
