"""The portal's frame in a real browser on a real system: by mouse, by keyboard, without scripts, and for axe."""

import os
import re
import signal
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest
import redis
from playwright.sync_api import ConsoleMessage, Page, expect

from sites.supervisor.heartbeat import heartbeat_key
from tests.live.chromium import OpenPage, assert_axe_finds_nothing
from tests.live.system import System, wait_for

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def portal(_shared: System) -> Iterator[httpx.Client]:
    """A signed-in client of the portal."""
    with _shared.signed_in() as client:
        yield client


@pytest.fixture(scope="module")
def _sample(portal: httpx.Client) -> Iterator[str]:
    assert portal.post("/new/sample/").status_code == 303
    found = re.search(r'aria-selected="true"[^>]*data-slot="([^"/]+)/production"', portal.get("/sites/").text)
    assert found, "the new site is not selected"
    yield found[1]
    portal.post(f"/sites/{found[1]}/production/delete/", data={"typed_name": found[1]})


@pytest.fixture
def sample(_sample: str, portal: httpx.Client, system: System) -> str:
    """The name of a sample site at rest, with one version in production and the other in staging."""

    def is_quiet() -> bool:
        page = portal.get("/settings/")
        for operation in re.findall(r'action="(/operations/[^"]+/dismiss/)"', page.text):
            portal.post(operation)
        return "data-operation" not in page.text

    wait_for(is_quiet, 60, "no operation is open or unread", interval=0.3)
    return _sample


def version(system: System, host: str) -> str:
    """What a visitor sees there."""
    with system.client(host) as visitor:
        found = re.search(r"Version \d", visitor.get("/").text)
    assert found
    return found[0]


def select(page: Page, key: str) -> None:
    page.locator(f"tr[data-slot='{key}'] td >> nth=0").click()
    expect(page.locator(f"tr[data-slot='{key}']")).to_have_attribute("aria-selected", "true")


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id"))


def test_axe_finds_nothing_in_a_narrow_window(open_page: OpenPage, system: System, sample: str) -> None:
    """The walk of test_axe looks at these and more in a wide one."""
    page = open_page(size=(360, 640))
    for address in (
        "/sites/",
        f"/sites/?selected={sample}/staging",
        "/sites/?q=nothing-is-called-so",
        "/all/",
        "/new/",
        "/operations/",
        "/password/",
        "/nowhere/",
        f"/sites/{sample}/staging/swap/",
        f"/sites/{sample}/production/delete/",
        f"/sites/{sample}/production/enable/",
    ):
        page.goto(address)
        assert_axe_finds_nothing(page, address, widths=(360,))
    page.goto(f"/sites/?selected={sample}/staging")
    page.click("#command-delete")
    assert_axe_finds_nothing(page, "the menu of DELETE", widths=(360,))
    page.click("text=Delete both production and staging sites")
    page.wait_for_selector("#typed-name")
    assert_axe_finds_nothing(page, "the bar of DELETE", widths=(360,))
    page.keyboard.press("Escape")
    page.click("#command-new")
    page.fill("#new-name", "www")
    page.wait_for_selector(".name-mark__verdict--fault")
    assert_axe_finds_nothing(page, "NEW with a refused name", widths=(360,))
    page.keyboard.press("Escape")
    page.click("#command-restart")
    page.wait_for_selector(".notification--success")
    page.click("#notification-details")
    assert_axe_finds_nothing(page, "the steps of a restart", widths=(360,))
    page.context.clear_cookies()
    page.goto("/sites/")
    assert_axe_finds_nothing(page, "the sign-in page", widths=(360,))


def is_complaint(message: ConsoleMessage) -> bool:
    """An error of the page; that the machine got another network interface, as with each new instance, is none."""
    return message.type == "error" and "ERR_NETWORK_CHANGED" not in message.text


def test_the_policy_of_the_pages_has_nothing_to_complain_of(open_page: OpenPage, system: System, sample: str) -> None:
    page = open_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if is_complaint(message) else None)
    page.on("response", lambda answer: complaints.append(answer.url) if answer.status >= 400 else None)
    for address in ("/sites/", "/all/", "/operations/", f"/sites/{sample}/staging/dashboard/", "/admin/"):
        page.goto(address)
        page.wait_for_load_state("networkidle")
    assert complaints == []


def test_the_tree_is_walked_by_keyboard(open_page: OpenPage, system: System, sample: str) -> None:
    page = open_page(f"/sites/?selected={sample}/production")
    production, staging = (page.locator(f"tr[data-slot='{sample}/{slot}']") for slot in ("production", "staging"))
    page.keyboard.press("ArrowDown")
    expect(staging).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(production).to_have_attribute("aria-selected", "true")
    expect(production).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(staging).to_have_count(0)
    expect(production).to_be_focused()
    page.reload()
    expect(page.locator(f"tr[data-slot='{sample}/staging']")).to_have_count(0)
    production.focus()
    page.keyboard.press("ArrowRight")
    expect(staging).to_have_count(1)
    page.keyboard.press("ArrowDown")
    expect(staging).to_have_attribute("aria-selected", "true")
    expect(staging).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/sites/{sample}/staging/dashboard/")
    expect(page.locator("h1")).to_have_text(f"{sample} (staging)")
    assert page.title() == f"{sample} (staging) · Dashboard - Greenroom"


def test_a_swap_by_keyboard_alone(open_page: OpenPage, system: System, sample: str) -> None:
    page = open_page(f"/sites/?selected={sample}/staging")
    staged = version(system, f"{sample}-staging")
    page.focus("#command-swap")
    page.keyboard.press("Enter")
    expect(page.locator("#question")).to_be_focused()
    stops = []
    for _ in range(3):
        page.keyboard.press("Tab")
        stops.append(focused(page))
    assert stops == ["answer-yes", "answer-preview", "answer-no"]
    page.keyboard.press("Escape")
    expect(page.locator("#question")).to_have_count(0)
    assert focused(page) == "command-swap"
    page.keyboard.press("Enter")
    expect(page.locator("#question")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector(".notification--success")
    expect(page.locator(".notification__sentence")).to_contain_text("Swapped")
    expect(page.locator("#announcer")).to_contain_text("Swapped")
    expect(page.locator("tr[data-slot] .row__status")).to_contain_text(["Running", "Running"])
    assert version(system, sample) == staged
    page.click("#notification-ok")
    expect(page.locator(".notification")).to_have_count(0)


def test_single_keys_press_what_is_there_until_they_are_switched_off(open_page: OpenPage, sample: str) -> None:
    page = open_page(f"/sites/?selected={sample}/staging")
    page.keyboard.press("s")
    expect(page.locator("#question")).to_be_focused()
    page.keyboard.press("n")
    expect(page.locator("[data-drawer]")).to_have_count(0)
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("ns?")
    expect(page.locator("#search")).to_have_value("ns?")
    page.goto(f"/sites/?selected={sample}/staging")
    page.keyboard.press("?")
    page.click("#shortcuts-switch")
    page.wait_for_url(f"**/sites/?selected={sample}/staging")
    page.focus("#command-new")
    page.keyboard.press("s")
    page.keyboard.press("n")
    page.click("#help")
    expect(page.locator(".help--keys")).to_contain_text("are off")
    expect(page.locator("#question, [data-drawer]")).to_have_count(0)
    page.click("#shortcuts-switch")


def test_a_swap_without_a_worker_says_so_and_begins_when_it_is_back(
    open_page: OpenPage, system: System, sample: str
) -> None:
    page = open_page(f"/sites/?selected={sample}/staging")
    worker = system.kill("worker-control", signal.SIGSTOP)
    try:
        # As its last report were too old; that would take 15 s
        with redis.Redis(unix_socket_path=str(system.run_dir / "redis.sock")) as client:
            client.delete(heartbeat_key("control"))
        page.click("#command-swap")
        page.click("#answer-yes")
        expect(page.locator(".notification__sentence")).to_contain_text("no worker has reported for 15 s")
        expect(page.locator(".notification__sentence")).to_contain_text("./greenroom status")
    finally:
        with suppress(ProcessLookupError):  # on a slow machine it has been replaced by now
            os.kill(worker.pid, signal.SIGCONT)
    page.wait_for_selector(".notification--success")


def test_only_the_portals_answers_change_a_page(open_page: OpenPage, system: System, sample: str) -> None:
    page = open_page(f"/sites/?selected={sample}/staging")
    away = {"status": 503, "content_type": "text/html", "body": "<h1>The portal does not answer</h1>"}
    page.route("**/swap/", lambda route: route.fulfill(**away))
    page.click("#command-swap")
    expect(page.locator(".notification--failure")).to_contain_text("The page stays as it is: try again in a moment.")
    expect(page.locator("#confirmation h1, #question")).to_have_count(0)
    page.unroute("**/swap/")
    page.click("#command-swap")
    expect(page.locator("#question")).to_be_focused()
    page.route("**/swap/", lambda route: route.fulfill(**away))
    page.click("#answer-yes")
    expect(page.locator(".notification--failure")).to_contain_text("it is not known whether this was done")
    page.click("#answer-no")
    page.click("#notification-ok")
    expect(page.locator(".notification")).to_have_count(0)


def test_a_first_visit_fetches_few_files(open_page: OpenPage, system: System, sample: str) -> None:
    page = open_page()
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    page.goto(f"/sites/{sample}/production/dashboard/")
    page.wait_for_selector(".uplot, .chart__empty")
    files = {url.partition("#")[0] for url in fetched if "/news/" not in url}
    assert len(files) <= 8, files


def test_a_double_click_asks_once(open_page: OpenPage, system: System, sample: str) -> None:
    page = open_page(f"/sites/?selected={sample}/staging")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.method == "POST" else None)
    page.dblclick("#command-restart")
    page.wait_for_selector(".notification--success")
    assert [url for url in asked if url.endswith("/restart/")] == asked
    assert len(asked) == 1


def test_search_selection_and_focus_outlive_a_refresh(open_page: OpenPage, system: System, sample: str) -> None:
    page = open_page(f"/sites/?selected={sample}/staging")
    page.click("#command-restart")
    page.focus("#search")
    page.keyboard.type(sample[:3])
    page.wait_for_selector(".notification--success")
    page.wait_for_timeout(1000)
    assert focused(page) == "search"
    expect(page.locator("#search")).to_have_value(sample[:3])


def test_yes_becomes_available_when_the_typed_name_matches(open_page: OpenPage, system: System, sample: str) -> None:
    page = open_page(f"/sites/?selected={sample}/production")
    page.click("#command-delete")
    page.click("text=Delete both production and staging sites")
    page.wait_for_selector("#typed-name")
    expect(page.locator("#answer-yes")).to_be_disabled()
    page.fill("#typed-name", sample[:-1])
    expect(page.locator("#answer-yes")).to_be_disabled()
    page.fill("#typed-name", sample)
    expect(page.locator("#answer-yes")).to_be_enabled()
    page.click("#answer-no")
    expect(page.locator("#command-delete")).to_be_focused()


def test_times_are_written_in_the_zone_of_the_reader(open_page: OpenPage, sample: str) -> None:
    page = open_page(f"/sites/{sample}/production/dashboard/", zone="Asia/Tokyo")
    times = page.locator("#content time")
    expect(times.first).to_have_attribute("title", re.compile(r" in Asia/Tokyo \(GMT\+9\), [\d:]{8} UTC$"))
    assert not any("UTC" in text for text in times.all_inner_texts())
    expect(page.locator(".menu__zone")).to_have_text("Times without a zone are in Asia/Tokyo.")
    page.evaluate("""() => window.htmx.swap("#announcer",
      '<time datetime="2014-01-20T19:05:09Z" data-form="l, F d, Y H:i:s">Monday, January 20, 2014 19:05:09 UTC</time>',
      { swapStyle: "innerHTML" })""")
    expect(page.locator("#announcer")).to_have_text("Tuesday, January 21, 2014 04:05:09")
    expect(open_page("/settings/account/").locator("#content time").first).to_have_text(re.compile(" UTC$"))


def test_everything_works_without_scripts(open_page: OpenPage, system: System, sample: str) -> None:
    page = open_page(scripts=False)
    staged = version(system, f"{sample}-staging")
    page.goto("/sites/")
    page.click(f"tr[data-slot='{sample}/staging'] .row__select")
    page.click("#command-swap")
    expect(page.locator("#question")).to_have_text("Are you sure you want to swap web site deployments?")
    page.click("#answer-no")
    page.wait_for_url(f"**/sites/?selected={sample}/staging")
    page.click(f"tr[data-slot='{sample}/production'] .row__mark")
    expect(page.locator(f"tr[data-slot='{sample}/staging']")).to_have_count(0)
    page.click(f"tr[data-slot='{sample}/production'] .row__mark")
    page.click(f"tr[data-slot='{sample}/staging'] .row__select")
    page.click("#command-swap")
    page.click("#answer-yes")
    page.wait_for_url(f"**/sites/?selected={sample}/staging")
    wait_for(lambda: page.reload() and page.locator(".notification--success").count(), 30, "the swap is done")
    assert version(system, sample) == staged
    page.goto("/new/")
    page.fill("#new-name", "not possible")
    page.click("#new-create")
    expect(page.locator("#name-verdict")).to_contain_text("not possible")
    expect(page.locator("#new-name")).to_have_value("not possible")
