"""Settings in a real browser: people, the filter, a second factor, and a form that outlives its session."""

import re

import pytest
from playwright.sync_api import Dialog, Page, expect

from tests.live.chromium import OpenPage, assert_axe_finds_nothing
from tests.live.system import System
from tools.screens.access import add_device, app_code

pytestmark = pytest.mark.live

PASSWORD = "quiet green room"


@pytest.fixture
def page(open_page: OpenPage, system: System) -> Page:
    """A browser in which a fresh owner has just signed in by a link."""
    code = (
        "from sites.management.welcome import administrator, link_for\n"
        "from allauth.mfa.models import Authenticator\n"
        "user = administrator('keeper')\n"
        "Authenticator.objects.filter(user=user).delete()\n"
        "print(link_for(user))"
    )
    done = system.manage("shell", "--no-imports", "-c", code)
    assert done.returncode == 0, done.stderr
    page = open_page(size=(963, 700), signed_in=False)
    page.goto("/welcome/" + done.stdout.strip().rpartition("/welcome/")[2])
    page.fill("#id_password1", PASSWORD)
    page.fill("#id_password2", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/sites/")
    return page


def sign_out(page: Page) -> None:
    page.click(".header__account summary")
    page.click("text=Sign out")
    page.wait_for_url("**/sign-in/")


def sign_in(page: Page) -> None:
    page.goto("/sign-in/")
    page.fill("#id_login", "keeper")
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")


def asks_before(page: Page, address: str) -> bool:
    """Whether the browser asks before it goes there; it goes there in any case."""
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", answer)
    page.goto(address)
    page.remove_listener("dialog", answer)
    return asked == ["beforeunload"]


def test_a_person_is_added_and_removed_by_keyboard(page: Page) -> None:
    page.goto("/settings/")
    assert_axe_finds_nothing(page, "subscriptions")
    page.locator(".row__title").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#person-name")
    page.fill("#person-name", "visitor")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_selector("#new-link")
    assert re.search(r"/welcome/\S+/", page.locator("#new-link-text").inner_text())
    assert_axe_finds_nothing(page, "people with a new link")
    page.reload()
    expect(page.locator("#new-link")).to_have_count(0)
    remove = page.locator("tr", has_text="visitor").get_by_role("link", name="Remove")
    remove.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#question")).to_be_focused()
    page.keyboard.press("Escape")
    expect(remove).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#question")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("tr", has_text="visitor")).to_have_count(0)


def test_the_menus_of_the_header_please_axe(page: Page) -> None:
    for menu in ("#subscription-filter summary", ".header__account summary"):
        page.click(menu)
        assert_axe_finds_nothing(page, menu)
        page.keyboard.press("Escape")
        expect(page.locator(menu)).to_be_focused()


def confirm(page: Page) -> None:
    """Prove that it is the person, where a page wants it."""
    page.wait_for_url("**/settings/account/confirm/**")
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")


def test_an_access_token_is_created_shown_once_and_revoked(page: Page) -> None:
    page.goto("/settings/account/")
    page.click("text=manage access tokens")
    confirm(page)
    page.wait_for_selector("#token-name")
    assert_axe_finds_nothing(page, "no access token")
    page.fill("#token-name", "release pipeline")
    page.keyboard.press("Enter")
    page.wait_for_selector("#new-token-text")
    assert page.inner_text("#new-token-text").startswith("greenroom_")
    assert_axe_finds_nothing(page, "a new access token")
    page.reload()
    page.wait_for_selector("text=release pipeline")
    assert page.locator("#new-token-text").count() == 0
    page.click("text=Revoke")
    page.wait_for_selector("text=You have no access tokens yet")


def test_an_app_and_a_passkey_are_set_up_and_sign_in(page: Page) -> None:
    add_device(page)
    page.goto("/settings/account/app/")
    confirm(page)
    page.wait_for_selector(".setup__secret")
    assert_axe_finds_nothing(page, "setting up an app")
    page.fill("#id_code", app_code(page.inner_text(".setup__secret")))
    page.keyboard.press("Enter")
    page.wait_for_selector(".codes")
    assert_axe_finds_nothing(page, "new recovery codes")
    page.click("text=done")
    page.click("text=add a passkey")
    assert_axe_finds_nothing(page, "adding a passkey")
    page.fill("#id_name", "stick")
    page.keyboard.press("Enter")
    page.wait_for_selector("#passkeys .confirmed")
    assert_axe_finds_nothing(page, "the account with an app and a passkey")
    sign_out(page)
    sign_in(page)
    page.wait_for_url("**/sign-in/code/")
    assert_axe_finds_nothing(page, "the second step")
    page.click("text=use a passkey")
    page.wait_for_url("**/sites/")
    sign_out(page)
    page.click("text=sign in with a passkey")
    page.wait_for_url("**/sites/")


def test_a_browser_says_why_it_has_no_passkey(page: Page) -> None:
    sign_out(page)
    add_device(page)  # one that knows no key of the portal
    page.click("text=sign in with a passkey")
    expect(page.locator(".passkey [role=alert]")).to_contain_text("gave no passkey")
    assert_axe_finds_nothing(page, "the sign-in after a passkey that there was not")


def test_a_page_that_is_left_alone_says_that_its_session_has_ended(page: Page, system: System) -> None:
    page.goto("/settings/")
    page.fill("#subscription-name", "Typed slowly")
    code = (
        "from allauth.usersessions.models import UserSession\n"
        "from django.utils import timezone\n"
        "UserSession.objects.filter(user__username='keeper').update("
        "last_seen_at=timezone.now() - timezone.timedelta(hours=1))"
    )
    assert system.manage("shell", "--no-imports", "-c", code).returncode == 0
    page.evaluate("document.body.dispatchEvent(new Event('operations-changed'))")
    expect(page.locator("#notification")).to_contain_text("Your session has ended")
    assert_axe_finds_nothing(page, "a page whose session has ended", widths=(1280,))
    expect(page.locator("#subscription-name")).to_have_value("Typed slowly")
    page.focus("#subscription-name")
    page.keyboard.press("Enter")
    page.wait_for_url("**/sign-in/**")
    sign_in(page)
    page.wait_for_url("**/settings/")
    expect(page.locator("#subscription-name")).to_have_value("Typed slowly")


def test_only_what_a_person_does_says_that_somebody_is_there(page: Page) -> None:
    asked: list[tuple[str, bool]] = []
    page.on("request", lambda one: asked.append((one.url, "x-background" in one.headers)))
    page.goto("/sites/")
    page.evaluate("document.body.dispatchEvent(new Event('operations-changed'))")
    page.wait_for_timeout(300)
    page.locator(".header__account summary").focus()
    page.keyboard.press("c")
    page.click("#command-new")
    page.wait_for_selector("#new-name")
    by_itself = [is_background for address, is_background in asked if "/sites/" in address and is_background]
    by_hand = [is_background for address, is_background in asked if "/new/" in address]
    assert by_itself and by_hand and not any(by_hand)


def test_a_form_outlives_its_session(page: Page) -> None:
    page.goto("/settings/")
    page.fill("#subscription-name", "Typed meanwhile")
    session = next(cookie for cookie in page.context.cookies() if cookie["name"].endswith("greenroom-session"))
    page.context.clear_cookies(name=session["name"])
    page.keyboard.press("Enter")
    page.wait_for_url("**/sign-in/**")
    sign_in(page)
    page.wait_for_url("**/settings/")
    expect(page.locator("#subscription-name")).to_have_value("Typed meanwhile")
    assert_axe_finds_nothing(page, "a form that came back")
    assert asks_before(page, "/settings/")
    expect(page.locator("#subscription-name")).to_have_value("Typed meanwhile")
    page.focus("#subscription-name")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("typed meanwhile")
    page.goto("/settings/")
    expect(page.locator("#subscription-name")).to_have_value("")


def test_leaving_asks_while_something_is_typed_and_not_after_a_search(page: Page) -> None:
    for address, field, is_work in (
        ("/settings/", "#subscription-name", True),
        ("/settings/account/", "#id_password1", True),
        ("/settings/account/", "#id_oldpassword", False),
        ("/new/", "#new-name", True),
        ("/new/custom/", "#new-name", True),
        ("/operations/", "#query-site", False),
    ):
        page.goto(address)
        assert not asks_before(page, address)
        page.click(field)
        page.keyboard.type("typed")
        assert asks_before(page, address) is is_work, f"{field} of {address}"
