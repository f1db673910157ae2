"""What follows from an event of an account: the browser is known, sessions and limits end, and the person is told."""

from typing import Any

from allauth.account import signals as account
from allauth.account.models import EmailAddress
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from allauth.socialaccount import signals as social
from django.conf import settings
from django.contrib.auth.models import User
from django.dispatch import receiver
from django.http import HttpRequest

from portal.accounts import browsers, factors, notices, sessions
from sites.operations.kinds.recorded import BROWSER, PASSWORD


@receiver(account.user_logged_in)
def enter(request: HttpRequest, user: User, **_: Any) -> None:
    """Somebody has signed in, in whatever way."""
    is_first = not user.known_browsers.exists()
    browser, is_new = browsers.remember(request, user)
    sessions.begin(request, user, browser)
    if is_new:
        outcome = (
            f"'{user.get_username()}' signed in from a new browser: {notices.place(request)}. "
            "If it was not you, change your password and end that session."
        )
        record = notices.tell(user, outcome, kind=BROWSER)
        if is_first:
            notices.read(user, record)


@receiver(account.password_changed)
def change_password(request: HttpRequest, user: User, **_: Any) -> None:
    """The person has typed the former password and a new one."""
    sessions.end_others(request, user)
    outcome = f"'{user.get_username()}' has a new password. Other browsers that were signed in are signed out."
    notices.tell(user, outcome, kind=PASSWORD)


@receiver(account.password_reset)
def reset_password(user: User, **_: Any) -> None:
    """Somebody has chosen a new password by a link that came by mail."""
    sessions.end_others(None, user)
    name = user.get_username()
    outcome = f"'{name}' has a new password, by a link that was sent by mail. Every browser is signed out."
    notices.tell(user, outcome, kind=PASSWORD)


@receiver(mfa.authenticator_added)
def add_factor(user: User, authenticator: Authenticator, **_: Any) -> None:
    """An app or a passkey. The first one brings recovery codes, of which the page itself speaks."""
    name = user.get_username()
    if authenticator.type == Authenticator.Type.TOTP:
        notices.tell(user, f"An authenticator app was set up for '{name}'.")
    elif authenticator.type == Authenticator.Type.WEBAUTHN:
        notices.tell(user, f"The passkey '{authenticator}' was added for '{name}'.")


@receiver(mfa.authenticator_removed)
def remove_factor(user: User, authenticator: Authenticator, **_: Any) -> None:
    """The same when one is removed; recovery codes go with the last one."""
    name = user.get_username()
    if authenticator.type == Authenticator.Type.TOTP:
        notices.tell(user, f"The authenticator app of '{name}' was removed. Sign-in no longer asks for its code.")
    elif authenticator.type == Authenticator.Type.WEBAUTHN:
        notices.tell(user, f"The passkey '{authenticator}' of '{name}' was removed.")


@receiver(mfa.authenticator_reset)
def renew_codes(user: User, **_: Any) -> None:
    """New recovery codes."""
    notices.tell(user, f"'{user.get_username()}' has new recovery codes; the former ones no longer work.")


@receiver(mfa.authenticator_used)
def use_factor(user: User, authenticator: Authenticator, **_: Any) -> None:
    """A recovery code is what somebody else may have found."""
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        left = factors.of(user)["codes_left"]
        notices.tell(user, f"A recovery code of '{user.get_username()}' was used; {left} are left.")


@receiver(account.email_changed)
def change_mail(user: User, from_email_address: EmailAddress | None, to_email_address: EmailAddress, **_: Any) -> None:
    """The former address hears of it as well."""
    former = from_email_address.email if from_email_address and from_email_address.verified else ""
    notices.tell(user, f"Mail for '{user.get_username()}' now goes to {to_email_address.email}.", also_to=former)


@receiver(account.email_removed)
def remove_mail(user: User, email_address: EmailAddress, **_: Any) -> None:
    """No more mail."""
    former = email_address.email if email_address.verified else ""
    notices.tell(user, f"Mail for '{user.get_username()}' no longer goes to {email_address.email}.", also_to=former)


@receiver(social.social_account_added)
def connect(sociallogin: Any, **_: Any) -> None:
    """An account of single sign-on leads in from now on."""
    user = sociallogin.user
    notices.tell(user, f"'{user.get_username()}' can sign in with {settings.OIDC_NAME} from now on.")


@receiver(social.social_account_removed)
def disconnect(socialaccount: Any, **_: Any) -> None:
    """It leads in no longer."""
    user = socialaccount.user
    notices.tell(user, f"'{user.get_username()}' can no longer sign in with {settings.OIDC_NAME}.")


@receiver(account.user_signed_up)
def sign_up(user: User, **_: Any) -> None:
    """Somebody has come by single sign-on for the first time."""
    name = user.get_username()
    notices.tell(user, f"The account '{name}' was made at its first sign-in with {settings.OIDC_NAME}.")
