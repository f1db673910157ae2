"""The Configure tab and COMPARE in a real browser, and what is saved there in the application, under load."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.live import archives
from tests.live.chromium import OpenPage, assert_axe_finds_nothing
from tests.live.system import System, wait_for

pytestmark = pytest.mark.live

SECONDS = 1000
PEM = "-----BEGIN X-----\nabc==\n-----END X-----"
NAME = "greeting"
APPLICATION = """
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = os.environ.get("GREETING", "nothing").encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("0.0.0.0", int(os.environ["PORT"])), Handler).serve_forever()
"""


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """A signed-in browser."""
    return open_page(size=(1100, 900))


@pytest.fixture
def site(system: System, page: Page, tmp_path: Path) -> str:
    """A site whose application answers with its setting GREETING; made once."""
    page.goto("/sites/")
    if page.get_by_text(NAME, exact=True).count():
        return NAME
    with system.signed_in() as client:
        assert client.post("/new/web-site/", data={"name": NAME}).status_code == 303
    _rest(page)
    archive = tmp_path / "greeting.zip"
    archive.write_bytes(archives.zipped(app__py=APPLICATION, Procfile=archives.WEB))
    page.goto(f"/sites/{NAME}/production/deployments/")
    page.click("#publish-here")
    page.set_input_files("#archive", archive)
    page.click("#answer-yes")
    with system.client(NAME) as visitor:
        wait_for(lambda: visitor.get("/").text == "nothing", 60, "the application answers", interval=0.2)
    _rest(page)
    return NAME


def _rest(page: Page, slot: str = "production") -> None:
    page.goto(f"/sites/{NAME}/{slot}/configure/")
    expect(page.locator("#busy .running")).to_have_count(0, timeout=90 * SECONDS)


def _type_lines(page: Page, visitor: httpx.Client) -> None:
    """Has the application answer with PEM; it must not yet."""
    _rest(page)
    page.fill("[name=app_settings-0-name]", "GREETING")
    page.locator("[name=app_settings-0-value]").focus()
    page.keyboard.insert_text(PEM)
    expect(page.locator(".entry--changed")).to_have_count(1)
    page.click("#command-save")
    wait_for(lambda: visitor.get("/").text == PEM, 60, "the lines are there", interval=0.2)


@contextmanager
def _load(system: System, host: str) -> Iterator[list[str]]:
    """Requests one after the other through the router; the answers, a failure as its words."""
    answers: list[str] = []
    is_over = threading.Event()

    def ask() -> None:
        with system.client(host) as client:
            while not is_over.wait(0.01):
                answer = client.get("/")
                answers.append(answer.text if answer.status_code == 200 else f"failed: {answer.status_code}")

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield answers
    finally:
        is_over.set()
        asking.join(30)


def test_a_saved_setting_reaches_the_application_without_a_failed_request(
    system: System, page: Page, site: str
) -> None:
    _rest(page)
    expect(page.locator("#command-save")).to_be_hidden()
    page.fill("[name=app_settings-0-name]", "GREETING")
    page.fill("[name=app_settings-0-value]", "bonjour")
    page.locator("input[name=always_on][value=on]").check(force=True)
    expect(page.locator(".entry--changed")).to_have_count(1)
    expect(page.locator("fieldset.setting--changed .setting__changed")).to_be_visible()
    assert_axe_finds_nothing(page, "changed settings")
    with _load(system, site) as answers:
        page.click("#command-save")
        wait_for(lambda: answers[-1:] == ["bonjour"], 60, "the setting is there", interval=0.1)
        _rest(page)
    assert set(answers) == {"nothing", "bonjour"}
    assert answers == sorted(answers, reverse=True), "an older answer came after a newer one"
    assert "bonjour" not in page.content(), "a saved value is hidden"
    page.locator("#app_settings tbody .link").first.focus()
    page.keyboard.press("Enter")
    value = page.locator("[name=app_settings-0-value]")
    expect(value).to_have_value("bonjour")
    expect(value).to_be_focused()
    expect(page.locator(".setting--changed, .entry--changed")).to_have_count(0)
    assert_axe_finds_nothing(page, "a value that was asked for")


def test_two_people_at_once_and_the_later_one_sees_both(
    system: System, page: Page, site: str, open_page: OpenPage
) -> None:
    _rest(page)
    page.goto(f"/sites/{site}/production/configure/")
    page.fill("[name=handler_mappings-0-name]", ".cgi")
    page.fill("[name=handler_mappings-0-value]", "/usr/bin/perl")
    page.fill("[name=warmup_tries]", "4")
    other = open_page(size=(1100, 900))
    other.goto(f"/sites/{site}/production/configure/")
    other.fill("[name=warmup_tries]", "7")
    other.click("#command-save")
    expect(other.locator(".setting--changed")).to_have_count(0, timeout=30 * SECONDS)
    expect(other.locator("#busy .running")).to_have_count(0, timeout=90 * SECONDS)
    page.click("#command-save")
    expect(page.locator("#refused")).to_contain_text("while you were editing")
    expect(page.locator("#refused")).to_be_focused()
    expect(page.locator("[name=warmup_tries]")).to_have_value("4")
    expect(page.locator(".meanwhile")).to_have_text("Changed meanwhile: in force is 7.")
    expect(page.locator("[name=handler_mappings-0-value]")).to_have_value("/usr/bin/perl")
    assert_axe_finds_nothing(page, "changed meanwhile")
    page.click("#command-save")
    expect(page.locator(".setting--changed, .entry--changed")).to_have_count(0, timeout=30 * SECONDS)
    _rest(page)
    expect(page.locator("[name=warmup_tries]")).to_have_value("4")


def test_everything_that_cannot_be_saved_is_said_at_its_field(page: Page, site: str) -> None:
    _rest(page)
    page.fill("[name=start_seconds]", "soon")
    page.fill("[name=endpoint_1]", "ftp://example.org/")
    page.locator("#app_settings tbody tr:last-child [name$=-name]").fill("MY KEY")
    page.fill("[name=warmup_statuses]", "nonsense")
    page.click("#command-save")
    expect(page.locator("#refused a")).to_have_count(4)
    expect(page.locator("[name=start_seconds]")).to_be_focused()
    expect(page.locator("[aria-invalid]")).to_have_count(4)
    expect(page.get_by_label("Web endpoint 1")).to_have_accessible_description(
        "The address of a web endpoint begins with http:// or https://."
    )
    assert_axe_finds_nothing(page, "settings that cannot be saved")
    page.locator("#refused").get_by_text("App setting 'MY KEY'").click()
    expect(page.locator("#app_settings [aria-invalid]")).to_be_focused()
    expect(page.locator("#app_settings [aria-invalid]")).to_have_value("MY KEY")
    page.click("#command-discard")
    expect(page.locator("[aria-invalid]")).to_have_count(0)


def test_pasted_lines_become_rows(page: Page, site: str) -> None:
    _rest(page)
    rows = page.locator("[data-entries=app_settings] tbody tr")
    before = rows.count()
    page.evaluate(
        """() => {
            const data = new DataTransfer();
            data.setData("text", "TWO=a=b\\n# left out\\nPEM=\\"-----BEGIN X-----\\nabc==\\n-----END X-----\\"\\n");
            const inputs = document.querySelectorAll("[data-entries=app_settings] tbody input[name$=-name]");
            const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
            inputs[inputs.length - 1].dispatchEvent(event);
        }"""
    )
    expect(rows).to_have_count(before + 2)
    expect(rows.nth(before - 1).locator("[name$=-value]")).to_have_value("a=b")
    expect(rows.nth(before).locator("[name$=-name]")).to_have_value("PEM")
    expect(rows.nth(before).locator("[name$=-value]")).to_have_value(PEM)
    page.click("#command-discard")
    expect(rows).to_have_count(before)


def test_a_value_of_several_lines_is_typed_saved_and_left_alone(system: System, page: Page, site: str) -> None:
    """The application answers with it, so what it got is seen byte for byte."""
    value = page.locator("[name=app_settings-0-value]")
    with system.client(site) as visitor:
        _type_lines(page, visitor)
        _rest(page)
        page.fill("[name=warmup_tries]", "6")
        page.locator("#app_settings").get_by_role("button", name="Show all values").click()
        expect(value).to_have_value(PEM)
        expect(page.locator("[name=warmup_tries]")).to_have_value("6")
        page.click("#command-save")
        expect(page.locator(".setting--changed, .entry--changed")).to_have_count(0, timeout=30 * SECONDS)
        _rest(page)
        expect(page.locator("[name=warmup_tries]")).to_have_value("6")
        assert visitor.get("/").text == PEM


def test_without_scripts_everything_is_there(system: System, site: str, page: Page, open_page: OpenPage) -> None:
    with system.client(site) as visitor:
        if visitor.get("/").text != PEM:
            _type_lines(page, visitor)
    _rest(page)
    plain = open_page(scripts=False, size=(1100, 900))
    plain.goto(f"/sites/{site}/production/configure/")
    plain.fill("[name=warmup_statuses]", "nonsense")
    plain.fill("[name=start_command]", "python3 app.py")
    plain.click("#command-save")
    expect(plain.locator("#refused")).to_contain_text("neither a status nor a range")
    expect(plain.locator("[name=start_command]")).to_have_value("python3 app.py")
    plain.fill("[name=warmup_statuses]", "200-399")
    plain.click("#command-save")
    expect(plain.locator("#refused")).to_have_count(0)
    expect(plain.locator("[name=warmup_statuses]")).to_have_value("200-399")
    _rest(page)
    plain.goto(f"/sites/{site}/production/configure/")
    plain.fill("[name=warmup_tries]", "9")
    plain.locator("#app_settings tbody").get_by_role("button", name="Show the value of GREETING").click()
    expect(plain.locator("[name=app_settings-0-value]")).to_have_value(PEM)
    expect(plain.locator("[name=warmup_tries]")).to_have_value("9")
    plain.press("[name=warmup_tries]", "Enter")
    expect(plain.locator("[name=app_settings-0-value]")).to_have_value("")
    expect(plain.locator("[name=warmup_tries]")).to_have_value("9")
    _rest(page)


def test_staging_is_cloned_marked_and_compared(page: Page, site: str, system: System) -> None:
    _rest(page)
    page.fill("[name=connection_strings-0-name]", "main")
    page.fill("[name=connection_strings-0-value]", "server=hidden")
    page.click("#command-save")
    expect(page.locator(".entry--changed")).to_have_count(0, timeout=30 * SECONDS)
    _rest(page)
    page.goto(f"/sites/{site}/production/dashboard/")
    page.click("#glance-enable")
    expect(page.locator("[name=is_cloned]")).to_be_checked()
    expect(page.locator("#confirmation")).to_contain_text("main")
    assert_axe_finds_nothing(page, "enable staged publishing")
    page.click("#answer-yes")
    expect(page.locator("#notification")).to_contain_text("staged publishing", timeout=30 * SECONDS)
    _rest(page, "staging")
    expect(page.locator("#connection_strings .strip").first).to_contain_text("main")
    expect(page.locator(".entry__shared")).to_have_text("same as production")
    assert_axe_finds_nothing(page, "shared connection strings")
    page.get_by_role("link", name="Compare it with production").click()
    expect(page.locator("#travelling")).to_contain_text("same")
    expect(page.locator("#content-differences")).to_contain_text("gone")
    assert "server=hidden" not in page.content()
    assert_axe_finds_nothing(page, "compare")
    page.locator("#compare").get_by_role("button", name="Show all values").last.click()
    expect(page.locator("#compare-shown")).to_contain_text("server=hidden")
    expect(page.locator("#compare-shown [role=status]")).to_contain_text("which is recorded")
    assert_axe_finds_nothing(page, "compare with values")
    page.set_viewport_size({"width": 360, "height": 720})
    for address in (f"/sites/{site}/compare/", f"/sites/{site}/staging/configure/"):
        page.goto(address)
        assert_axe_finds_nothing(page, address, widths=(360,))
        too_wide = page.evaluate(
            "() => document.querySelector('main').scrollWidth - document.querySelector('main').clientWidth"
        )
        assert too_wide <= 0, address
