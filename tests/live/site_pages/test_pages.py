"""A slot's pages in a real browser on a real system, wide and narrow, with scripts and without."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.live.chromium import OpenPage, assert_axe_finds_nothing
from tests.live.site_pages.sites import SECONDS, archive, create, enable, serves
from tests.live.system import System

pytestmark = pytest.mark.live

TABS = ("quickstart", "dashboard", "deployments", "configure", "scale")


def test_the_password_is_shown_on_request(portal: Page) -> None:
    create(portal, "revealed")
    portal.goto("/sites/revealed/production/dashboard/")
    assert_axe_finds_nothing(portal, "dashboard")
    portal.get_by_role("button", name="Show the password").click()
    expect(portal.locator("#publishing-password .secret")).to_be_visible()


def test_the_story_of_the_sample_ticks_itself(portal: Page, system: System, tmp_path: Path) -> None:
    portal.goto("/sites/")
    portal.goto("/new/")
    with portal.expect_navigation():
        portal.evaluate(
            """() => {
                const form = document.createElement('form');
                form.method = 'post';
                form.action = '/new/sample/';
                const token = document.createElement('input');
                token.name = 'csrfmiddlewaretoken';
                token.value = JSON.parse(document.body.getAttribute('hx-headers'))['X-CSRFToken'];
                form.append(token);
                document.body.append(form);
                form.submit();
            }"""
        )
    portal.goto("/sites/hello/production/dashboard/")
    expect(portal.locator("#overview .running")).to_have_count(0, timeout=60 * SECONDS)
    portal.goto("/sites/hello/production/quickstart/")
    done = portal.locator(".story__step--done")
    expect(done).to_have_count(0)
    assert_axe_finds_nothing(portal, "the story of the sample")
    for number, name in enumerate(("Open hello", "Open hello (staging)"), start=1):
        with portal.context.expect_page() as opened:
            portal.get_by_role("button", name=name, exact=True).click()
        opened.value.wait_for_url(re.compile(r"hello"))
        expect(opened.value.locator("body")).to_contain_text(f"{number}", timeout=20 * SECONDS)
        opened.value.close()
        portal.evaluate("window.dispatchEvent(new Event('focus'))")
        expect(done).to_have_count(number)
    for number, link in ((3, "#story-swap"), (4, "#story-back")):
        portal.click(link)
        portal.click("#answer-yes")
        expect(done).to_have_count(number, timeout=60 * SECONDS)
    portal.click("#story-publish")
    portal.set_input_files("#confirmation #archive", archive(tmp_path, "mine"))
    portal.click("#answer-yes")
    expect(done).to_have_count(5, timeout=60 * SECONDS)
    serves(system, "hello-staging", "mine")


def test_every_tab_of_both_slots_fits_a_narrow_window(portal: Page) -> None:
    create(portal, "narrow")
    enable(portal, "narrow")
    portal.set_viewport_size({"width": 360, "height": 720})
    for slot in ("production", "staging"):
        for tab in TABS:
            portal.goto(f"/sites/narrow/{slot}/{tab}/")
            assert_axe_finds_nothing(portal, f"{tab} of {slot}", widths=(360,))
            too_wide = portal.evaluate(
                "() => document.querySelector('main').scrollWidth - document.querySelector('main').clientWidth"
            )
            assert too_wide <= 0, (slot, tab, too_wide)


def test_everything_works_without_scripts(system: System, portal: Page, open_page: OpenPage, tmp_path: Path) -> None:
    create(portal, "plain")
    page = open_page(scripts=False)
    page.goto("/sites/plain/production/deployments/")
    page.click("#publish-here")
    page.set_input_files("#archive", archive(tmp_path, "scriptless"))
    page.click("#answer-yes")
    expect(page.locator("h2", has_text="deployment history")).to_be_visible()
    serves(system, "plain", "scriptless")
    page.goto("/sites/plain/production/scale/")
    page.fill("#scale-count", "2")
    page.click("#command-save")
    expect(page.locator("#scale-count")).to_have_value("2")
    portal.goto("/sites/plain/production/dashboard/")
    expect(portal.locator("#overview .running")).to_have_count(0, timeout=60 * SECONDS)
    page.goto("/sites/plain/production/scale/")
    page.locator("input[name=mode][value=shared]").check(force=True)
    page.click("#command-save")
    expect(page.locator("#question")).to_contain_text("to Shared mode?")
    page.click("#answer-yes")
    expect(page.locator("input[name=mode][value=shared]")).to_be_checked()
