"""How one comes in: the first password, sign-in, the second factor; and who else may."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from tools.screens.walker import Walker

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession, Page

PASSWORD = "correct horse battery staple"  # noqa: S105  of an installation that lives as long as the walk
ACCOUNT = ".header__account summary"


def choose_password(steps: Walker, link: str) -> None:
    """The one-time link, and what it leads to: a list without a web site."""
    steps.go(link, "choose-password")
    _choose(steps)
    steps.go("/sites/")
    steps.show("list-empty")
    steps.show_at("list-empty", 360)


def add_reader(steps: Walker, site: str, name: str) -> None:
    """People and roles; what a reader sees of it."""
    steps.go("/settings/", "settings")
    steps.follow("tbody .row__title")
    steps.show("people")
    steps.go(f"{steps.page.url}events/", "event-targets")
    steps.page.go_back()
    steps.page.fill("#person-name", name)
    steps.page.check("[name=account][value=new]", force=True)
    steps.follow("form[action$='/people/'] .button")
    steps.show("people-link", "#new-link")
    steps.show_at("people-link", 360)
    address = steps.page.url
    _read(steps, steps.page.inner_text("#new-link-text"), site)
    steps.go(address)
    steps.press(f"tr:has-text('{name}') >> text=Remove", then="#question")
    steps.show("people-remove-question")
    steps.follow("#answer-yes")
    steps.close_notification()


def set_up_second_factor(steps: Walker) -> None:
    """One's own account: a confirmation, an authenticator app, its recovery codes, a passkey."""
    add_device(steps.page)
    steps.go("/settings/account/", "account")
    steps.show_at("account", 360)
    steps.follow("text=set up an app")
    steps.show("account-confirm")
    steps.show_at("account-confirm", 360)
    steps.page.fill("#id_password", PASSWORD)
    steps.follow("#confirm")
    steps.show("account-app")
    steps.page.fill("#id_code", app_code(steps.page.inner_text(".setup__secret")))
    steps.follow("#app-save")
    steps.show("account-recovery-codes", ".codes")
    steps.go("/settings/account/tokens/", "access-tokens")
    steps.go("/settings/account/passkeys/", "account-passkey-new")
    steps.page.fill("#id_name", "key ring")
    steps.follow("#passkey-save")
    steps.show("account-passkey", "#codes")
    steps.show_at("account-passkey", 360)
    steps.follow("#passkeys .confirmed .button")
    steps.show("account-remove-passkey")
    steps.go("/settings/account/#sessions")
    _close_notifications(steps.page)
    steps.show("account-sessions", "#sessions")
    steps.show_at("account-sessions", 360)


def sign_in_again(steps: Walker) -> None:
    """Out, and in again: refused, the second step, a passkey alone, and a form whose session had ended."""
    name = steps.page.inner_text(".header__name")
    steps.press(ACCOUNT)
    steps.show("account-menu", ".header__account[open]")
    steps.follow("text=Sign out")
    steps.show("sign-in")
    steps.show_at("sign-in", 360)
    _sign_in(steps, name, "not the password")
    steps.show("sign-in-refused", "[role=alert]:not([hidden])")
    _sign_in(steps, name, PASSWORD)
    steps.show("sign-in-code")
    steps.follow("text=use a passkey")
    steps.go("/settings/")
    steps.fill(subscription_name="Typed meanwhile")
    session = next(cookie["name"] for cookie in steps.page.context.cookies() if cookie["name"].endswith("session"))
    steps.page.context.clear_cookies(name=session)
    steps.follow("form[action$='/subscriptions/'] .button")
    steps.show("sign-in-kept")
    steps.follow("text=sign in with a passkey")
    steps.show("kept-form", "#subscription-name[value]")


def _close_notifications(page: Page) -> None:
    """Each change of an account is told in a bar of its own, which stays until it is closed."""
    bar = page.locator(".notification")
    while bar.count():
        shown = bar.get_attribute("data-operation")
        page.click("#notification-ok")
        page.wait_for_selector(f".notification[data-operation='{shown}']", state="detached")


def _choose(steps: Walker) -> None:
    for field in steps.page.locator("input[type=password]").all():
        field.fill(PASSWORD)
    steps.follow("main button >> nth=-1")


def _read(steps: Walker, link: str, site: str) -> None:
    """As the reader, in a browser of one's own."""
    reader = steps.somebody_else()
    reader.go(link)
    _choose(reader)
    reader.go("/sites/")
    reader.select(f"{site}/production")
    reader.page.hover("#command-swap")
    reader.show("list-reader")
    reader.go(f"/sites/{site}/staging/configure/", "configure-reader")
    reader.go(f"/sites/{site}/staging/swap/", "error-403")
    reader.page.context.close()


def _sign_in(steps: Walker, name: str, password: str) -> None:
    steps.page.fill("#id_login", name)
    steps.page.fill("#id_password", password)
    steps.follow("main .action")


def app_code(secret: str) -> str:
    """What an authenticator app shows that was told `secret`, with or without spaces."""
    secret = secret.replace(" ", "")
    return TOTP(base64.b32decode(secret), 6, SHA1(), 30).generate(int(time.time())).decode()  # noqa: S303


def add_device(page: Page) -> CDPSession:
    """A device that confirms every question about a passkey."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    options |= {"isUserVerified": True, "automaticPresenceSimulation": True}
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return session
