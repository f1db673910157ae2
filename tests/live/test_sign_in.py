"""The door of a running system, as people and strangers use it: second factor, single sign-on, mail, many at once."""

import re
import ssl
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from django.test import override_settings
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django import DjangoDbBlocker

from sites.management.welcome import administrator
from sites.models import Alert, Delivery, Slot
from sites.models.clock import now
from sites.services import alert_rules, event_targets
from sites.services.sites import create_site
from sites.services.subscriptions import ensure_default
from tests.fakes import mail_server
from tests.fakes.mail_server import MailServer
from tests.fakes.openid_provider import CLIENT, SECRET, OpenIDProvider, Person
from tests.live.chromium import SIZE, WAIT_MILLISECONDS, assert_axe_finds_nothing
from tests.live.stage import using
from tests.live.system import System, wait_for
from tests.sites.tls.uploads import upload
from tools.demo import operations
from tools.screens.access import add_device, app_code

pytestmark = pytest.mark.live

PASSWORD = "quiet green room"
MAIL_PASSWORD = "quiet green mail"
AT_ONCE = 24
RULE = "requests below 1 for 1 min"


@dataclass
class Door:
    """A system with a provider for single sign-on and a mail server."""

    system: System
    provider: OpenIDProvider
    mails: MailServer


@pytest.fixture(scope="module")
def door(django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    system = System(Path(tempfile.mkdtemp(prefix="greenroom-live-")), django_db_blocker)
    provider = OpenIDProvider(f"http://localhost:{system.port}/sign-in/sso/callback/")
    certificate = tmp_path_factory.mktemp("mail") / "localhost.pem"
    certificate.write_bytes(upload("localhost"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    provider.people["d-1"] = Person("d-1", {"preferred_username": "dora", "email": "dora@acme.example"})
    with provider.running(), mail_server.running(tls=context, password=MAIL_PASSWORD) as mails:
        system.environment |= {
            "SECOND_FACTOR": "superusers",
            "OIDC_ISSUER": provider.issuer,
            "OIDC_CLIENT_ID": CLIENT,
            "OIDC_CLIENT_SECRET": SECRET,
            "OIDC_NAME": "ACME",
            "OIDC_NEW_PEOPLE": "1",
            "EMAIL_HOST": "localhost",
            "EMAIL_PORT": str(mails.port),
            "EMAIL_USE_TLS": "1",
            "EMAIL_HOST_USER": MailServer.NAME,
            "EMAIL_HOST_PASSWORD": MAIL_PASSWORD,
            "SSL_CERT_FILE": str(certificate),
        }
        try:
            system.start()
            yield Door(system, provider, mails)
        finally:
            system.destroy()


@pytest.fixture
def contexts(chromium: Browser, door: Door) -> Iterator[list[BrowserContext]]:
    """Browsers of several people, closed at the end."""
    opened: list[BrowserContext] = []
    yield opened
    for context in opened:
        context.close()


def browser(chromium: Browser, door: Door, contexts: list[BrowserContext]) -> Page:
    """Somebody's own browser."""
    address = f"http://localhost:{door.system.port}"
    context = chromium.new_context(base_url=address, viewport={"width": SIZE[0], "height": 720})
    contexts.append(context)
    page = context.new_page()
    page.set_default_timeout(WAIT_MILLISECONDS)
    return page


def submit(page: Page) -> None:
    """Send the form that the cursor is in, and wait for the answer's page."""
    with page.expect_navigation():
        page.keyboard.press("Enter")


def link_for(door: Door, name: str, *, is_administrator: bool = False) -> str:
    """A one-time link for somebody who is made when missing."""
    code = (
        "from django.contrib.auth.models import User\n"
        f"user, _ = User.objects.get_or_create(username={name!r}, defaults={{'is_superuser': {is_administrator}}})\n"
        "from sites.management.welcome import link_for\n"
        "print(link_for(user))"
    )
    done = door.system.manage("shell", "--no-imports", "-c", code)
    assert done.returncode == 0, done.stderr
    return "/welcome/" + done.stdout.strip().rpartition("/welcome/")[2]


def choose(page: Page, link: str) -> None:
    page.goto(link)
    page.fill("#id_password1", PASSWORD)
    page.fill("#id_password2", PASSWORD)
    submit(page)


def sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    page.goto("/sign-in/")
    page.fill("#id_login", name)
    page.fill("#id_password", password)
    submit(page)


def test_an_administrator_is_led_to_a_second_factor_and_signs_in_with_it(
    chromium: Browser, door: Door, contexts: list[BrowserContext]
) -> None:
    page = browser(chromium, door, contexts)
    add_device(page)
    choose(page, link_for(door, "admin", is_administrator=True))
    page.wait_for_url("**/settings/account/")
    expect(page.locator("#content")).to_contain_text("This installation asks for a second factor")
    assert_axe_finds_nothing(page, "an account that has to have a second factor")
    page.goto("/admin/")
    page.wait_for_url("**/settings/account/")
    page.click("text=set up an app")
    page.fill("#id_password", PASSWORD)
    submit(page)
    page.wait_for_selector(".setup__secret")
    secret = page.inner_text(".setup__secret")
    page.fill("#id_code", app_code(secret))
    submit(page)
    codes = page.locator(".codes code").all_inner_texts()
    assert len(codes) == 10
    page.goto("/settings/account/passkeys/")
    page.fill("#id_name", "laptop")
    page.keyboard.press("Enter")
    page.wait_for_selector("#passkeys .confirmed")
    page.goto("/admin/")
    expect(page.locator("#content")).to_contain_text("All records")
    elsewhere = browser(chromium, door, contexts)
    sign_in(elsewhere, "admin")
    elsewhere.wait_for_url("**/sign-in/code/")
    elsewhere.fill("#id_code", codes[0])
    submit(elsewhere)
    elsewhere.wait_for_url("**/sites/")
    page.goto("/settings/account/")
    expect(page.locator("#notification")).to_contain_text("'admin' signed in from a new browser")
    page.click("#notification-ok")
    expect(page.locator("#notification")).to_contain_text("A recovery code of 'admin' was used; 9 are left.")
    expect(page.locator("#sessions tbody tr")).to_have_count(2)
    page.click("#sessions tbody button")
    expect(page.locator("#sessions tbody tr")).to_have_count(1)
    elsewhere.goto("/sites/")
    elsewhere.wait_for_url("**/sign-in/**")
    page.click(".header__account summary")
    page.click("text=Sign out")
    page.click("text=sign in with a passkey")
    page.wait_for_url("**/sites/")


def test_a_stranger_keeps_a_person_out_of_nothing_that_the_person_has_used(
    chromium: Browser, door: Door, contexts: list[BrowserContext]
) -> None:
    """Both have the same address, as behind a tunnel; also after the portal was started anew."""
    page = browser(chromium, door, contexts)
    choose(page, link_for(door, "erin"))
    page.wait_for_url("**/sites/")
    page.click(".header__account summary")
    page.click("text=Sign out")
    stranger = browser(chromium, door, contexts)
    for number in range(6):
        sign_in(stranger, "erin", f"wrong {number}")
    expect(stranger.locator("#content")).to_contain_text("Too many wrong passwords or codes")
    door.system.kill("web")
    door.system.wait_until_ready()
    sign_in(stranger, "erin")
    expect(stranger.locator("#content")).to_contain_text("Too many wrong passwords or codes")
    sign_in(page, "erin")
    page.wait_for_url("**/sites/")


def test_a_person_comes_by_single_sign_on(chromium: Browser, door: Door, contexts: list[BrowserContext]) -> None:
    page = browser(chromium, door, contexts)
    page.goto("/operations/")
    assert_axe_finds_nothing(page, "the sign-in with single sign-on")
    page.click("text=sign in with ACME")
    page.wait_for_url(f"{door.provider.issuer}/authorize**")
    page.fill("#subject", "d-1")
    page.click("#yes")
    page.wait_for_url("**/operations/")
    expect(page.locator(".header__name")).to_have_text("dora")
    page.goto("/settings/account/")
    assert_axe_finds_nothing(page, "the account of somebody who comes by single sign-on")
    assert page.locator("#id_oldpassword").count() == 0
    refused = browser(chromium, door, contexts)
    refused.goto("/sign-in/")
    refused.click("text=sign in with ACME")
    refused.click("#no")
    refused.wait_for_url("**/sign-in/")


def test_an_address_is_confirmed_and_a_forgotten_password_replaced_by_mail(
    chromium: Browser, door: Door, contexts: list[BrowserContext]
) -> None:
    page = browser(chromium, door, contexts)
    choose(page, link_for(door, "frank"))
    page.goto("/settings/account/mail/")
    page.fill("#id_password", PASSWORD)
    submit(page)
    page.fill("#id_email", "frank@example.org")
    submit(page)
    page.wait_for_url("**/settings/account/")
    page.goto(link_in(door.mails.wait(1)))
    page.click("text=Use it")
    page.wait_for_url("**/settings/account/")
    assert "now goes to frank@example.org" in door.mails.wait(2).get_content()
    forgetful = browser(chromium, door, contexts)
    forgetful.goto("/sign-in/")
    forgetful.click("text=Forgot your password?")
    assert_axe_finds_nothing(forgetful, "a forgotten password")
    forgetful.fill("#id_email", "frank@example.org")
    submit(forgetful)
    expect(forgetful.locator("h1")).to_have_text("look into your mail")
    choose(forgetful, link_in(door.mails.wait(3)))
    forgetful.wait_for_url("**/sign-in/")
    sign_in(forgetful, "frank")
    forgetful.wait_for_url("**/sites/")


def test_an_alert_comes_as_a_mail_and_a_refused_login_is_said_at_its_target(door: Door) -> None:
    count = len(door.mails.messages)
    ours = override_settings(KEY_FILE=door.system.data / "secret.key", EMAIL_HOST="localhost")
    with ours, using(door.system):
        user = administrator()
        EmailAddress.objects.get_or_create(user=user, email="ada@example.org", verified=True)
        subscription = ensure_default(owner=user)
        operations.wait_for(create_site(acting_user=user, subscription=subscription, name="watched"))
        slot = Slot.objects.get(site__name="watched")
        operations.wait_for(alert_rules.save(acting_user=user, slot=slot, name="Quiet", text=RULE))
        target = event_targets.create(
            acting_user=user,
            subscription=subscription,
            title="people",
            url="ada@example.org",
            types=["alert.fired"],
            target_format="mail",
        )
        before = now() - timedelta(minutes=2)  # as if the first look had been then
        Alert.objects.update_or_create(slot=slot, name="Quiet", defaults={"rule": RULE, "turned_at": before})
        fired = Alert.objects.filter(slot=slot, fired_at__isnull=False)
        wait_for(fired.exists, 60, "the alert has fired")
        delivery = Delivery.objects.filter(target=target)
        wait_for(lambda: delivery.filter(attempts__gt=0).exists(), 60, "the mail was tried")
        assert delivery.get().fault == ""
        told = door.mails.wait(count + 1)
        assert (told["To"], told["Subject"]) == ("ada@example.org", "⚠️ Alert: watched")
        assert "Alert 'Quiet' of 'watched': Requests stayed below 1 a minute for 1 min, last 0." in told.get_content()
        assert "because of the event target 'people' of the subscription" in told.get_content()
        assert door.mails.senders[-1] == MailServer.NAME
        door.mails.password = "another"
        event_targets.send_test(acting_user=user, target=target)
        wait_for(lambda: delivery.exclude(fault="").exists(), 60, "the login was refused")
        assert "refuses the name and the password in EMAIL_HOST_USER" in delivery.exclude(fault="").get().fault
        door.mails.password = MAIL_PASSWORD
        event_targets.remove(acting_user=user, target=target)
    assert MAIL_PASSWORD not in "".join(log.read_text() for log in (door.system.data / "logs").glob("*.log"))


def link_in(message: object) -> str:
    return re.search(r"http://localhost:\d+(/\S+)", message.get_content())[1]


def test_of_many_at_once_most_are_sent_away_and_others_are_served(door: Door) -> None:
    """24 names that nobody has. Hashing a password for each would occupy the processors for everybody."""
    statuses: list[int] = []
    crowd = [threading.Thread(target=_try, args=(door, f"nobody{number}", statuses)) for number in range(AT_ONCE)]
    with door.system.client() as quiet:
        for thread in crowd:
            thread.start()
        while any(thread.is_alive() for thread in crowd):
            assert quiet.get("/sign-in/").status_code == 200
    assert len(statuses) == AT_ONCE
    assert set(statuses) <= {400, 429} and 429 in statuses


def _try(door: Door, name: str, statuses: list[int]) -> None:
    with door.system.client() as client:
        client.get("/sign-in/")
        [(cookie, token)] = client.cookies.items()
        fields = {"login": name, "password": "Summer2026!Summer", "csrfmiddlewaretoken": token}
        headers = {"Cookie": f"{cookie}={token}", "Origin": f"http://localhost:{door.system.port}"}
        answer = client.post("/sign-in/", data=fields, headers=headers)
    assert answer.status_code != 429 or (int(answer.headers["Retry-After"]) > 0 and "Try again" in answer.text)
    statuses.append(answer.status_code)
