"""The pages of a slot in a real browser on a real system, with scripts and without."""

import io
import re
import zipfile
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.live.chromium import OpenPage, assert_axe_finds_nothing
from tests.live.system import System, wait_for

pytestmark = pytest.mark.live

SECONDS = 1000
TABS = ("quickstart", "dashboard", "deployments", "configure", "scale")


@pytest.fixture
def portal(open_page: OpenPage) -> Page:
    """A signed-in browser."""
    page = open_page(size=(1100, 720))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    return page


def _create(page: Page, name: str, mode: str = "standard") -> None:
    """A site by quick create, waited for."""
    page.goto("/new/")
    page.fill("[name=name]", name)
    control = page.locator(f"[name=mode][value={mode}]")
    if control.count():
        control.check(force=True)
    else:
        page.select_option("[name=mode]", mode)
    page.locator("#drawer button[type=submit], #drawer form button:not([type=button])").last.click()
    page.goto(f"/sites/{name}/production/dashboard/")
    expect(page.locator("#overview .running")).to_have_count(0, timeout=60 * SECONDS)


def _enable(page: Page, name: str) -> None:
    page.goto(f"/sites/{name}/production/dashboard/")
    page.click("#glance-enable")
    page.click("#answer-yes")
    page.wait_for_url("**/sites/**")
    page.goto(f"/sites/{name}/staging/dashboard/")
    expect(page.locator("#overview .running")).to_have_count(0, timeout=60 * SECONDS)


def _archive(folder: Path, text: str) -> Path:
    path = folder / f"{text}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("index.html", f"<!doctype html><title>{text}</title><p>{text}</p>")
    return path


def _serves(system: System, name: str, text: str) -> None:
    """The site itself is asked, not the database."""
    with system.client(name) as client:
        wait_for(lambda: text in client.get("/").text, 60, f"{name} serves {text}", interval=0.2)


def test_upgrade_leads_to_staged_publishing_and_back_to_the_list(portal: Page, system: System) -> None:
    _create(portal, "upgraded", "free")
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


def test_a_zip_is_published_from_the_page_and_its_deployment_followed(
    portal: Page, system: System, tmp_path: Path
) -> None:
    _create(portal, "published")
    portal.goto("/sites/published/production/deployments/")
    assert_axe_finds_nothing(portal, "deployments")
    portal.set_input_files("#archive", _archive(tmp_path, "first"))
    portal.fill("#message", "the first one")
    portal.click(".publish__form .button")
    expect(portal.locator(".deployment__active")).to_be_visible(timeout=60 * SECONDS)
    expect(portal.locator(".deployment").first).to_contain_text("the first one")
    _serves(system, "published", "first")
    portal.get_by_role("link", name=re.compile("Build log")).first.click()
    expect(portal.locator("#build-log")).to_contain_text("the first one")
    assert_axe_finds_nothing(portal, "the log of a build")


def test_a_zip_dropped_on_a_row_asks_with_the_slot_in_capitals(portal: Page, system: System, tmp_path: Path) -> None:
    _create(portal, "dropped")
    portal.goto("/sites/")
    content = _archive(tmp_path, "dropped-in").read_bytes()
    transfer = portal.evaluate_handle(
        """bytes => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(bytes)], "dropped-in.zip", {type: "application/zip"}));
            return transfer;
        }""",
        list(content),
    )
    row = portal.locator(".row", has_text="dropped").first
    row.dispatch_event("dragover", {"dataTransfer": transfer})
    row.dispatch_event("drop", {"dataTransfer": transfer})
    expect(portal.locator("#question")).to_contain_text("'dropped-in.zip' to DROPPED")
    assert_axe_finds_nothing(portal, "publish by a drop")
    portal.click("#answer-yes")
    _serves(system, "dropped", "dropped-in")


def test_a_refused_archive_keeps_what_was_typed(portal: Page, tmp_path: Path) -> None:
    _create(portal, "refused")
    portal.goto("/sites/refused/production/deployments/")
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"no zip")
    portal.set_input_files("#archive", broken)
    portal.fill("#message", "kept")
    portal.click(".publish__form .button")
    expect(portal.locator("#notification")).to_contain_text("The archive was refused and nothing was changed")
    expect(portal.locator("#message")).to_have_value("kept")


def test_the_count_is_changed_by_keyboard_marked_and_saved(portal: Page) -> None:
    _create(portal, "scaled")
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
    _create(portal, "moved")
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
    _create(portal, "configured")
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
    portal.get_by_role("button", name="Show the values").click()
    expect(portal.locator("[name=connection_strings-0-value]")).to_have_value("postgres://hidden")


def test_the_password_is_shown_on_request(portal: Page) -> None:
    _create(portal, "revealed")
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
    portal.set_input_files("#confirmation #archive", _archive(tmp_path, "mine"))
    portal.click("#answer-yes")
    expect(done).to_have_count(5, timeout=60 * SECONDS)
    _serves(system, "hello-staging", "mine")


def test_every_tab_of_both_slots_fits_a_narrow_window(portal: Page) -> None:
    _create(portal, "narrow")
    _enable(portal, "narrow")
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
    _create(portal, "plain")
    page = open_page(scripts=False)
    page.goto("/sites/plain/production/deployments/")
    page.set_input_files("#archive", _archive(tmp_path, "scriptless"))
    page.click(".publish__form .button")
    expect(page.locator("h2", has_text="deployment history")).to_be_visible()
    _serves(system, "plain", "scriptless")
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


def test_curl_of_the_quick_start_publishes(portal: Page, system: System) -> None:
    _create(portal, "curled")
    portal.goto("/sites/curled/production/dashboard/")
    portal.get_by_role("button", name="Show the password").click()
    password = portal.locator("#publishing-password .secret").inner_text()
    portal.goto("/sites/curled/production/quickstart/")
    portal.get_by_role("button", name="Copy the line").click()
    line = portal.evaluate("navigator.clipboard.readText()")
    found = re.fullmatch(r"curl -u '(?P<user>\S+)' --data-binary @site\.zip (?P<address>http://\S+)", line)
    assert found, line
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("index.html", "by curl")
    with system.client("curled.scm") as client:
        path = found["address"].partition(str(system.port))[2]
        answer = client.post(path, content=body.getvalue(), auth=(found["user"], password))
        assert answer.status_code in (200, 202), answer.text
    _serves(system, "curled", "by curl")
