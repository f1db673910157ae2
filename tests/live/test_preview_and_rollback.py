"""A swap with preview, and the way back, in a browser; what is served is asked by HTTP."""

import os
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Playwright, expect, sync_playwright

from sites.demo.operations import wait_for
from sites.demo.staged_site import StagedSite
from sites.services.rollback import offer_roll_back, request_roll_back
from tests.live import archives
from tests.live.stage import stage, using
from tests.live.system import System
from tests.live.system import wait_for as wait_until

pytestmark = pytest.mark.live

NAME = "previewed"
WORK_MILLISECONDS = 60_000
PRODUCTION, STAGING = NAME, f"{NAME}-staging"
Opened = Callable[[str], Page]


@pytest.fixture
def site(system: System) -> StagedSite:
    """Version 1 in production and 2 in staging, each slot with a sticky mark; nothing is left to be rolled back."""
    with using(system):
        staged = stage(system, NAME, instances=1)
        if offer_roll_back(staged.production.site):
            wait_for(request_roll_back(acting_user=staged.user, site=staged.production.site, to_unaltered=True))
        for slot, version in ((staged.production, "1"), (staged.staging, "2")):
            if served(system, slot.title.replace(" (staging)", "-staging"))[0] != version:
                wait_for(staged.publish(slot, archives.probed(version), f"version-{version}"))
    return staged


@pytest.fixture
def opened(system: System, site: StagedSite) -> Iterator[Opened]:
    """Opens a page of the portal, signed in as the administrator."""
    begun: list[Playwright] = []
    with system.signed_in() as client:
        cookies = dict(part.split("=", 1) for part in client.headers["Cookie"].split("; "))

    def open_page(path: str) -> Page:
        playwright = sync_playwright().start()  # from here on Django's models may not be used in this thread
        begun.append(playwright)
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        context = browser.new_context(
            base_url=f"http://localhost:{system.port}", viewport={"width": 1280, "height": 800}
        )
        context.add_cookies(
            [
                {"name": name, "value": value, "domain": "localhost", "path": "/", "secure": True}
                for name, value in cookies.items()
            ]
        )
        page = context.new_page()
        page.goto(path)
        return page

    yield open_page
    for playwright in begun:
        playwright.stop()


def served(system: System, name: str) -> tuple[str, str]:
    """Version and sticky mark of what answers there."""
    with system.client(name) as client:
        headers = client.get("/").headers
        return headers["X-Version"], headers["X-Slot"]


def wait_until_serving(system: System, production: tuple[str, str], staging: tuple[str, str]) -> None:
    """Return when both addresses serve that."""
    expected = [production, staging]
    wait_until(lambda: [served(system, PRODUCTION), served(system, STAGING)] == expected, 60, f"{expected} is served")


def assert_axe_finds_nothing(page: Page, screen: str) -> None:
    if folder := os.environ.get("GREENROOM_SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{screen.replace(' ', '-')}.png")
    for width in (1280, 963, 360):
        page.set_viewport_size({"width": width, "height": 800})
        found = Axe().run(page)
        assert found.violations_count == 0, f"{screen} at {width}: {found.generate_report()}"
    page.set_viewport_size({"width": 1280, "height": 800})


def expect_success(page: Page, sentence: str) -> None:
    said = page.locator(".notification--success .notification__sentence")
    expect(said).to_contain_text(sentence, timeout=WORK_MILLISECONDS)


def swap(page: Page) -> None:
    page.locator("#command-swap").click()
    page.locator("#answer-yes").click()
    expect_success(page, f"Swapped '{NAME}' and '{NAME} (staging)' in ")


def test_a_preview_shows_the_new_version_with_productions_settings_until_it_is_completed(
    system: System, opened: Opened
) -> None:
    page = opened(f"/sites/?selected={NAME}/staging")
    page.locator("#command-swap").click()
    expect(page.locator("#question")).to_be_focused()
    answers = page.locator(".confirmation__answers .action")
    assert [text.strip().lower() for text in answers.all_inner_texts()] == ["yes", "preview", "no"]
    assert_axe_finds_nothing(page, "swap")
    page.locator("#answer-preview").click()
    expect(page.locator(".notification--waiting")).to_contain_text("is prepared for a swap", timeout=WORK_MILLISECONDS)
    expect(page.locator("td.row__status--prepared")).to_have_count(2)
    assert_axe_finds_nothing(page, "prepared")
    assert (served(system, PRODUCTION), served(system, STAGING)) == (("1", "production"), ("2", "production"))
    page.goto(f"/sites/{NAME}/staging/dashboard/")
    expect(page.locator("#pending")).to_contain_text("This address shows production's settings now.")
    assert_axe_finds_nothing(page, "strip")
    page.locator("#command-complete").click()
    assert_axe_finds_nothing(page, "complete")
    page.locator("#answer-yes").click()
    expect_success(page, f"Swapped '{NAME}'")
    wait_until_serving(system, ("2", "production"), ("1", "staging"))
    expect(page.locator("#pending .strip")).to_have_count(0)
    expect(page.locator("#command-complete")).to_have_count(0)


def test_a_cancelled_preview_gives_staging_its_own_settings_back(system: System, opened: Opened) -> None:
    page = opened(f"/sites/{NAME}/production/swap/")
    page.locator("#answer-preview").click()
    expect(page.locator(".notification--waiting")).to_be_visible(timeout=WORK_MILLISECONDS)
    page.goto(f"/sites/{NAME}/production/dashboard/")
    page.locator("#command-cancel").click()
    wait_until_serving(system, ("1", "production"), ("2", "staging"))
    expect(page.locator("#command-cancel")).to_have_count(0, timeout=WORK_MILLISECONDS)
    page.locator("#notification-ok").click()
    expect(page.locator(".notification--failure")).to_have_count(0)


def test_two_clicks_roll_back_and_the_new_version_waits_in_staging_to_be_mended(
    system: System, site: StagedSite, opened: Opened
) -> None:
    page = opened(f"/sites/?selected={NAME}/staging")
    swap(page)
    wait_until_serving(system, ("2", "production"), ("1", "staging"))
    offered = page.locator("#notification-rollback")
    expect(offered).to_contain_text("9:")
    before = offered.inner_text()
    page.wait_for_timeout(2100)
    assert offered.inner_text() != before
    assert_axe_finds_nothing(page, "success")
    offered.click()
    expect(page.locator(".confirmation")).to_contain_text("It is instant")
    assert_axe_finds_nothing(page, "roll back")
    page.locator("#answer-yes").click()
    expect_success(page, "Rolled back")
    wait_until_serving(system, ("1", "production"), ("2", "staging"))
    page.goto(f"/sites/{NAME}/staging/swaps/")
    expect(page.locator("#swaps li.deployment").first).to_contain_text("Roll-back")
    assert_axe_finds_nothing(page, "history")
    page.context.browser.close()
    publish(system, site, "mended")
    wait_until_serving(system, ("1", "production"), ("mended", "staging"))


@pytest.mark.parametrize(("answer", "expected"), [("present", "mended"), ("unaltered", "1")])
def test_an_altered_staging_is_named_and_the_person_chooses(
    system: System, site: StagedSite, opened: Opened, answer: str, expected: str
) -> None:
    page = opened(f"/sites/?selected={NAME}/staging")
    swap(page)
    publish(system, site, "mended")
    page.goto(f"/sites/?selected={NAME}/production")
    page.locator("#command-rollback").click()
    expect(page.locator(".confirmation")).to_contain_text("Staging was altered since")
    expect(page.locator(".confirmation")).to_contain_text("Published 'version-mended'")
    assert_axe_finds_nothing(page, "altered")
    page.locator(f"#answer-{answer}").click()
    wait_until_serving(system, (expected, "production"), ("2", "staging"))


def publish(system: System, site: StagedSite, version: str) -> None:
    """Publish to staging, while a browser has this thread's event loop: by the portal's own form."""
    with system.signed_in() as client:
        answer = client.post(
            f"/sites/{NAME}/staging/publish/",
            data={"message": f"version-{version}"},
            files={"archive": ("site.zip", archives.probed(version), "application/zip")},
        )
        assert answer.status_code == 303, answer.text
    wait_until(lambda: served(system, STAGING)[0] == version, 60, f"staging serves {version}")
