"""A swap with preview, and the way back, in a browser; what is served is asked by HTTP."""

import pytest
from playwright.sync_api import Page, expect

from sites.services.rollback import offer_roll_back, request_roll_back
from tests.live import archives
from tests.live.chromium import OpenPage, assert_axe_finds_nothing
from tests.live.stage import stage, using
from tests.live.system import System
from tests.live.system import wait_for as wait_until
from tools.demo.operations import wait_for
from tools.demo.staged_site import StagedSite

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("site")]

NAME = "previewed"
WORK_MILLISECONDS = 60_000
PRODUCTION, STAGING = NAME, f"{NAME}-staging"


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


def served(system: System, name: str) -> tuple[str, str]:
    """Version and sticky mark of what answers there."""
    with system.client(name) as client:
        headers = client.get("/").headers
        return headers["X-Version"], headers["X-Slot"]


def wait_until_serving(system: System, production: tuple[str, str], staging: tuple[str, str]) -> None:
    """Return when both addresses serve that."""
    expected = [production, staging]
    wait_until(lambda: [served(system, PRODUCTION), served(system, STAGING)] == expected, 60, f"{expected} is served")


def expect_success(page: Page, sentence: str) -> None:
    said = page.locator(".notification--success .notification__sentence")
    expect(said).to_contain_text(sentence, timeout=WORK_MILLISECONDS)


def swap(page: Page) -> None:
    page.locator("#command-swap").click()
    page.locator("#answer-yes").click()
    expect_success(page, f"Swapped '{NAME}' and '{NAME} (staging)' in ")


def test_a_preview_shows_the_new_version_with_productions_settings_until_it_is_completed(
    system: System, open_page: OpenPage
) -> None:
    page = open_page(f"/sites/?selected={NAME}/staging")
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


def test_a_cancelled_preview_gives_staging_its_own_settings_back(system: System, open_page: OpenPage) -> None:
    page = open_page(f"/sites/{NAME}/production/swap/")
    page.locator("#answer-preview").click()
    expect(page.locator(".notification--waiting")).to_be_visible(timeout=WORK_MILLISECONDS)
    page.goto(f"/sites/{NAME}/production/dashboard/")
    page.locator("#command-cancel").click()
    wait_until_serving(system, ("1", "production"), ("2", "staging"))
    expect(page.locator("#command-cancel")).to_have_count(0, timeout=WORK_MILLISECONDS)
    page.locator("#notification-ok").click()
    expect(page.locator(".notification--failure")).to_have_count(0)


def test_two_clicks_roll_back_and_the_new_version_waits_in_staging_to_be_mended(
    system: System, site: StagedSite, open_page: OpenPage
) -> None:
    page = open_page(f"/sites/?selected={NAME}/staging")
    swap(page)
    wait_until_serving(system, ("2", "production"), ("1", "staging"))
    offered = page.locator("#notification-rollback")
    expect(offered).to_contain_text("9:")
    before = offered.inner_text()
    page.wait_for_timeout(2100)
    assert offered.inner_text() != before
    assert_axe_finds_nothing(page, "success")
    offered.click()
    expect(page.locator(".confirmation")).to_contain_text("Instant:")
    assert_axe_finds_nothing(page, "roll back")
    page.locator("#answer-yes").click()
    expect_success(page, "Rolled back")
    wait_until_serving(system, ("1", "production"), ("2", "staging"))
    page.goto(f"/sites/{NAME}/staging/swaps/")
    expect(page.locator("#swaps li.deployment").first).to_contain_text("Roll-back")
    assert_axe_finds_nothing(page, "history")
    publish(system, site, "mended")
    wait_until_serving(system, ("1", "production"), ("mended", "staging"))


@pytest.mark.parametrize(("answer", "expected"), [("present", "mended"), ("unaltered", "1")])
def test_an_altered_staging_is_named_and_the_person_chooses(
    system: System, site: StagedSite, open_page: OpenPage, answer: str, expected: str
) -> None:
    page = open_page(f"/sites/?selected={NAME}/staging")
    swap(page)
    publish(system, site, "mended")
    page.goto(f"/sites/?selected={NAME}/production")
    page.locator("#command-rollback").click()
    expect(page.locator(".confirmation")).to_contain_text("Staging was altered since")
    expect(page.locator(".confirmation")).to_contain_text("Published 'version-mended'")
    assert_axe_finds_nothing(page, "altered")
    page.locator(f"#answer-{answer}").click()
    expect_success(page, "Rolled back")
    wait_until_serving(system, (expected, "production"), ("2", "staging"))


def publish(system: System, site: StagedSite, version: str) -> None:
    """Publish to staging, and return when that serves."""
    with using(system):
        wait_for(site.publish(site.staging, archives.probed(version), f"version-{version}"))
    wait_until(lambda: served(system, STAGING)[0] == version, 60, f"staging serves {version}")
