"""Content is published from a slot's pages: by a file, by a drop, and by the line that they show."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.live.archives import zipped
from tests.live.chromium import assert_axe_finds_nothing
from tests.live.site_pages.sites import SECONDS, archive, create, serves
from tests.live.system import System

pytestmark = pytest.mark.live


def test_a_zip_is_published_from_the_page_and_its_deployment_followed(
    portal: Page, system: System, tmp_path: Path
) -> None:
    create(portal, "published")
    portal.goto("/sites/published/production/deployments/")
    assert_axe_finds_nothing(portal, "deployments")
    portal.click("#publish-here")
    expect(portal.locator("#question")).to_contain_text("which visitors see")
    portal.set_input_files("#archive", archive(tmp_path, "first"))
    portal.fill("#message", "the first one")
    portal.click("#answer-yes")
    expect(portal.locator(".deployment__active")).to_be_visible(timeout=60 * SECONDS)
    expect(portal.locator(".deployment").first).to_contain_text("the first one")
    serves(system, "published", "first")
    portal.get_by_role("link", name=re.compile("Build log")).first.click()
    expect(portal.locator("#build-log")).to_contain_text("the first one")
    assert_axe_finds_nothing(portal, "the log of a build")


def test_a_zip_dropped_on_a_row_asks_with_the_slot_in_capitals(portal: Page, system: System, tmp_path: Path) -> None:
    create(portal, "dropped")
    portal.goto("/sites/")
    content = archive(tmp_path, "dropped-in").read_bytes()
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
    serves(system, "dropped", "dropped-in")


def test_a_refused_archive_keeps_what_was_typed(portal: Page, tmp_path: Path) -> None:
    create(portal, "refused")
    portal.goto("/sites/refused/production/deployments/")
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"no zip")
    portal.click("#publish-here")
    portal.set_input_files("#archive", broken)
    portal.fill("#message", "kept")
    portal.click("#answer-yes")
    expect(portal.locator("#notification")).to_contain_text("The archive was refused and nothing was changed")
    expect(portal.locator("#message")).to_have_value("kept")


def test_curl_of_the_quick_start_publishes(portal: Page, system: System) -> None:
    create(portal, "curled")
    portal.goto("/sites/curled/production/dashboard/")
    portal.get_by_role("button", name="Show the password").click()
    password = portal.locator("#publishing-password .secret").inner_text()
    portal.goto("/sites/curled/production/quickstart/")
    portal.get_by_role("button", name="Copy the line for curl").click()
    line = portal.evaluate("navigator.clipboard.readText()")
    found = re.fullmatch(r"curl -u '(?P<user>\S+)' --data-binary @site\.zip (?P<address>http://\S+)", line)
    assert found, line
    with system.client("curled.scm") as client:
        path = found["address"].partition(str(system.port))[2]
        answer = client.post(path, content=zipped(index__html="by curl"), auth=(found["user"], password))
        assert answer.status_code in (200, 202), answer.text
    serves(system, "curled", "by curl")
