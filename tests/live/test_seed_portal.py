"""The seed's story in a browser, as a person lives it."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from sites.management.welcome import administrator
from sites.models import Site, SlotHold
from sites.services.sites import create_site, delete_site
from sites.services.slots import enable_staged_publishing
from sites.services.subscriptions import ensure_default
from tests.live.chromium import OpenPage
from tests.live.stage import stage, using, versions
from tests.live.system import System
from tests.live.system import wait_for as wait_until
from tools.demo.operations import wait_for

pytestmark = pytest.mark.live

Create = Callable[..., None]

WORK_MILLISECONDS = 30_000
"""For what takes instances to start."""
LISTS = (
    ["General Settings", "Connection Strings", "Handler Mappings", "Monitoring and Diagnostic Settings"],
    ["Publishing endpoints", "Custom Domain Names", "SSL Certificates and bindings", "Scale settings"],
)


@pytest.fixture
def create(system: System) -> Iterator[Create]:
    """Makes sites, which are gone after the test."""
    made: list[str] = []

    def create(name: str, *, mode: str = "standard", has_staging: bool = False) -> None:
        made.append(name)
        with using(system):
            user = administrator()
            wait_for(create_site(acting_user=user, subscription=ensure_default(owner=user), name=name, mode=mode))
            if has_staging:
                wait_for(enable_staged_publishing(acting_user=user, site=Site.objects.get(name=name)))

    yield create
    with using(system):
        held = SlotHold.objects.filter(slot__site__name__in=made)
        wait_until(lambda: not held.exists(), 30, "what the test began has ended")
        for site in Site.objects.filter(name__in=made):
            wait_for(delete_site(acting_user=administrator(), site=site, typed_name=site.name))


def row(page: Page, title: str) -> Locator:
    return page.locator("tr.row", has=page.get_by_title(title, exact=True))


def say_yes(page: Page) -> None:
    page.locator("#answer-yes").click()


def expect_success(page: Page, sentence: str) -> None:
    said = page.locator(".notification--success .notification__sentence")
    expect(said).to_contain_text(sentence, timeout=WORK_MILLISECONDS)


def test_the_dashboard_names_the_slot(create: Create, open_page: OpenPage) -> None:
    create("named", has_staging=True)
    page = open_page("/sites/named/production/dashboard/")
    slot = page.locator(".glance__facts div", has=page.locator("dt", has_text="Slot")).locator("dd")
    expect(slot).to_have_text("Production")
    page.goto("/sites/named/staging/dashboard/")
    expect(slot).to_have_text("Staging")


def test_browse_opens_the_address_of_the_selected_slot(system: System, create: Create, open_page: OpenPage) -> None:
    create("browsed", has_staging=True)
    page = open_page("/sites/?selected=browsed/staging")
    with page.expect_popup() as popup:
        page.locator("#command-browse").click()
    popup.value.wait_for_load_state()
    assert popup.value.url == f"http://browsed-staging.localhost:{system.port}/"
    assert popup.value.title()


def test_the_link_stands_on_both_pages_until_staging_exists(create: Create, open_page: OpenPage) -> None:
    create("linked")
    page = open_page("/sites/linked/production/quickstart/")
    link = page.locator("main").get_by_text("Enable staged publishing", exact=True)
    expect(link).to_be_visible()
    page.goto("/sites/linked/production/dashboard/")
    expect(link).to_be_visible()
    link.click()
    say_yes(page)
    expect_success(page, "Enabled staged publishing")
    for slot in ("production", "staging"):
        for tab in ("quickstart", "dashboard"):
            page.goto(f"/sites/linked/{slot}/{tab}/")
            expect(page.locator("h1")).to_be_visible()
            expect(link).to_have_count(0)


def test_upgrading_leads_to_scale_and_on_to_the_question(create: Create, open_page: OpenPage) -> None:
    create("raised", mode="free")
    page = open_page("/sites/raised/production/quickstart/")
    page.locator("main").get_by_text("Enable staged publishing", exact=True).click()
    refusal = page.locator(".notification--failure")
    expect(refusal).to_contain_text("You must be in the standard mode to enable staged publishing")
    refusal.get_by_role("link", name="Upgrade").click()
    expect(page.locator(".tabs [aria-current=page]")).to_have_text("Scale")
    expect(page.get_by_role("radio", name="Standard")).to_be_checked()
    expect(page.locator(".setting--changed").first).to_be_visible()
    page.locator("#command-save").click()
    question = "Are you sure you want to enable staged publishing for the web site 'raised'?"
    expect(page.locator("#question")).to_have_text(question, timeout=WORK_MILLISECONDS)


def test_enabling_asks_and_opens_the_tree(create: Create, open_page: OpenPage) -> None:
    create("grown")
    page = open_page("/sites/grown/production/quickstart/")
    page.locator("main").get_by_text("Enable staged publishing", exact=True).click()
    question = "Are you sure you want to enable staged publishing for the web site 'grown'?"
    expect(page.locator("#question")).to_have_text(question)
    say_yes(page)
    expect_success(page, "Enabled staged publishing")
    page.goto("/sites/")
    mark = row(page, "grown").locator(".row__mark")
    expect(row(page, "grown (staging)")).to_be_visible()
    expect(mark).to_have_attribute("aria-expanded", "true")
    mark.click()
    expect(row(page, "grown (staging)")).to_have_count(0)
    page.reload()
    expect(row(page, "grown")).to_be_visible()
    expect(row(page, "grown (staging)")).to_have_count(0)
    mark.click()
    expect(row(page, "grown (staging)")).to_be_visible()
    page.reload()
    expect(row(page, "grown (staging)")).to_be_visible()


def test_the_slot_has_pages_of_its_own(create: Create, open_page: OpenPage) -> None:
    create("paged", has_staging=True)
    page = open_page("/sites/paged/production/dashboard/")
    tabs = page.locator(".tabs li")
    of_production = tabs.all_inner_texts()
    page.goto("/sites/")
    row(page, "paged (staging)").locator(".row__title").click()
    expect(page.locator("h1")).to_have_text("paged (staging)")
    assert page.title().startswith("paged (staging)")
    assert "/sites/paged/staging/" in page.url
    assert tabs.all_inner_texts() == of_production
    assert len(of_production) >= 4


def test_a_swap_from_the_list_reminds_of_both_lists(system: System, open_page: OpenPage) -> None:
    with using(system):
        site = stage(system, "shown", instances=1, is_marked=False)
        hosts_and_versions = versions(system, site)
    page = open_page("/sites/?selected=shown/staging")
    page.locator("#command-swap").click()
    expect(page.locator("#question")).to_have_text("Are you sure you want to swap web site deployments?")
    headings = [text.lower() for text in page.locator(".confirmation__columns h3").all_inner_texts()]
    assert headings == [
        "what is website swapping?",
        "configuration that will change",
        "configuration that will not change",
    ]
    columns = page.locator(".confirmation__columns section")
    for column, entries in zip((1, 2), LISTS, strict=True):
        assert columns.nth(column).locator("li").all_inner_texts() == entries
    say_yes(page)
    expect_success(page, "Swapped 'shown' and 'shown (staging)' in ")
    names = ("shown", "shown-staging")
    assert [asked(system, name) for name in names] == list(hosts_and_versions[::-1])
    page.locator("#command-swap").click()
    say_yes(page)
    wait_until(lambda: [asked(system, name) for name in names] == list(hosts_and_versions), 60, "it was swapped back")


def asked(system: System, name: str) -> str:
    with system.client(name) as client:
        return client.get("/").headers["X-Version"]


def test_both_sides_of_a_swap_say_the_same(system: System, open_page: OpenPage) -> None:
    with using(system):
        stage(system, "shown", instances=1, is_marked=False)
    page = open_page("/sites/shown/production/swap/")
    table = page.locator("table.serves")
    from_production = table.inner_text()
    page.goto("/sites/shown/staging/swap/")
    assert table.inner_text() == from_production
    for part in ("shown.localhost", "shown-staging.localhost", "version-1", "version-2"):
        assert part in from_production


def test_delete_offers_both_or_staging_only(system: System, create: Create, open_page: OpenPage) -> None:
    create("doomed", has_staging=True)
    page = open_page("/sites/?selected=doomed/production")
    page.locator("#command-delete").click()
    menu = page.locator(".menu--command[open] li")
    assert menu.all_inner_texts() == ["Delete both production and staging sites", "Delete staging site only"]
    menu.nth(1).click()
    expect(page.locator("#question")).to_contain_text("'doomed (staging)'? Production is not touched.")
    say_yes(page)
    expect_success(page, "Deleted 'doomed (staging)'")
    expect(row(page, "doomed (staging)")).to_have_count(0, timeout=WORK_MILLISECONDS)
    with system.client("doomed") as client:
        assert client.get("/").status_code == 200
    page.goto("/sites/?selected=doomed/production")
    page.locator("#command-delete").click()
    expect(page.locator("#question")).to_have_text("Are you sure you want to delete the web site 'doomed'?")
    yes = page.locator("#answer-yes")
    expect(yes).to_be_disabled()
    page.locator("#typed-name").fill("doomed")
    expect(yes).to_be_enabled()
    yes.click()
    expect_success(page, "Deleted web site 'doomed'")
    expect(row(page, "doomed")).to_have_count(0, timeout=WORK_MILLISECONDS)
    with system.client("doomed") as client:
        wait_until(lambda: client.get("/").status_code == 404, 60, "the address is gone")
