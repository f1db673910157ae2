"""What is changed on Scale and Configure is marked, asked about and saved, in a real browser."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.live.chromium import assert_axe_finds_nothing
from tests.live.site_pages.sites import SECONDS, create
from tests.live.system import System

pytestmark = pytest.mark.live


def test_upgrade_leads_to_staged_publishing_and_back_to_the_list(portal: Page, system: System) -> None:
    create(portal, "upgraded", "free")
    portal.goto("/sites/upgraded/production/quickstart/")
    portal.click("#enable-link")
    bar = portal.locator("#notification")
    expect(bar).to_contain_text("You must be in the standard mode to enable staged publishing")
    bar.get_by_role("link", name="Upgrade").click()
    portal.wait_for_url("**/scale/?mode=standard&then=enable")
    expect(portal.locator("input[name=mode][value=standard]")).to_be_checked()
    expect(portal.locator("fieldset.setting--changed")).to_contain_text("changed")
    assert_axe_finds_nothing(portal, "scale upgraded")
    portal.click("#command-save")
    portal.wait_for_url("**/enable/**")
    question = portal.locator("#question")
    expect(question).to_have_text("Are you sure you want to enable staged publishing for the web site 'upgraded'?")
    _say_yes(portal)
    portal.wait_for_url(lambda address: urlsplit(address).path == "/sites/")
    expect(portal.get_by_text("upgraded (staging)").first).to_be_visible()
    portal.goto("/sites/upgraded/staging/dashboard/")
    expect(portal).to_have_title(re.compile(r"^upgraded \(staging\)"))
    expect(portal.locator("h1")).to_have_text("upgraded (staging)")
    expect(portal.locator(".glance")).not_to_contain_text("Enable staged publishing")
    expect(portal.locator(".glance")).to_contain_text("Staging")


def _say_yes(page: Page) -> None:
    """YES is refused, with a way back, as long as the change of mode holds the site."""
    asked = page.url
    page.click("#answer-yes")
    page.wait_for_load_state()
    for _ in range(30):
        if "is held by the change of mode" not in page.content():
            return
        page.wait_for_timeout(SECONDS)
        page.goto(asked)
        page.click("#answer-yes")
        page.wait_for_load_state()


def test_the_count_is_changed_by_keyboard_marked_and_saved(portal: Page) -> None:
    create(portal, "scaled")
    portal.goto("/sites/scaled/production/scale/")
    expect(portal.locator("#command-save")).to_be_hidden()
    portal.locator(".slider__range").focus()
    portal.keyboard.press("ArrowRight")
    expect(portal.locator("#scale-count")).to_have_value("2")
    expect(portal.locator(".setting--changed .setting__changed")).to_be_visible()
    assert_axe_finds_nothing(portal, "a changed count")
    portal.click("#command-discard")
    expect(portal.locator("#scale-count")).to_have_value("1")
    portal.fill("#scale-count", "3")
    portal.click("#command-save")
    expect(portal.locator(".setting--changed")).to_have_count(0)
    portal.goto("/sites/scaled/production/dashboard/")
    expect(portal.locator("#overview")).to_contain_text("3 of 3 wanted", timeout=60 * SECONDS)


def test_a_change_of_mode_is_asked_about_and_named(portal: Page) -> None:
    create(portal, "moved")
    portal.goto("/sites/moved/production/scale/")
    portal.locator("input[name=mode][value=shared]").check(force=True)
    portal.click("#command-save")
    expect(portal.locator("#question")).to_contain_text("to Shared mode?")
    expect(portal.locator("#confirmation")).to_contain_text("moved")
    assert_axe_finds_nothing(portal, "change of mode")
    portal.click("#answer-yes")
    expect(portal.locator(".setting--changed")).to_have_count(0, timeout=30 * SECONDS)
    expect(portal.locator("input[name=mode][value=shared]")).to_be_checked()


def test_settings_are_added_marked_and_saved(portal: Page, system: System) -> None:
    create(portal, "configured")
    portal.goto("/sites/configured/production/configure/")
    expect(portal.locator("#command-save")).to_be_hidden()
    portal.fill("[name=app_settings-0-name]", "GREETING")
    portal.fill("[name=app_settings-0-value]", "hello")
    portal.fill("[name=app_settings-1-name]", "SECOND")
    portal.fill("[name=connection_strings-0-name]", "main")
    portal.fill("[name=connection_strings-0-value]", "postgres://hidden")
    expect(portal.locator(".entry--changed")).to_have_count(3)
    assert_axe_finds_nothing(portal, "changed settings")
    portal.click("#command-save")
    expect(portal.locator(".entry--changed")).to_have_count(0, timeout=30 * SECONDS)
    expect(portal.locator("[name=app_settings-0-name]")).to_have_value("GREETING")
    assert "postgres://hidden" not in portal.content()
    expect(portal.locator("#busy .running")).to_have_count(0, timeout=60 * SECONDS)
    portal.locator("#connection_strings").get_by_role("button", name="Show all values").click()
    expect(portal.locator("[name=connection_strings-0-value]")).to_have_value("postgres://hidden")
