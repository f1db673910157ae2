"""What is dropped on a page of a slot is published after a question: zips as they are, files and folders packed."""

import re

import pytest
from playwright.sync_api import JSHandle, Page, expect

from tests.live.chromium import assert_axe_finds_nothing
from tests.live.site_pages.sites import SECONDS, create, enable, serves
from tests.live.system import System

pytestmark = pytest.mark.live

DROPPED = """files => {
    const transfer = new DataTransfer();
    for (const [name, text] of Object.entries(files)) transfer.items.add(new File([text], name));
    return transfer;
}"""
FOLDER = """async () => {
    const { packed } = await import("/static/js/pack.js");
    const file = (name, text) => ({ name, isDirectory: false, file: (done) => done(new File([text], name)) });
    const folder = (name, inside) => ({ name, isDirectory: true, createReader: () => {
        const parts = [inside, []];
        return { readEntries: (done) => done(parts.shift()) };
    } });
    const entry = folder("my site", [file("index.html", "from a folder"), folder("css", [file("ü.css", "a {}")])]);
    const zip = await packed([entry], () => {});
    const transfer = new DataTransfer();
    transfer.items.add(zip);
    return transfer;
}"""


def drop(page: Page, transfer: JSHandle, place: str = "main h1") -> None:
    for event in ("dragover", "drop"):
        page.dispatch_event(place, event, {"dataTransfer": transfer})


def test_files_and_folders_dropped_on_a_page_are_published(portal: Page, system: System) -> None:
    create(portal, "dropped-on")
    portal.goto("/sites/dropped-on/production/dashboard/")
    drop(portal, portal.evaluate_handle(DROPPED, {"index.html": "dropped", "a.txt": "x"}))
    expect(portal.locator("#question")).to_contain_text("'index.html' to DROPPED-ON")
    expect(portal.locator(".confirmation--production")).to_be_visible()
    expect(portal.locator("[data-upload-note]")).to_have_text(re.compile(r"index\.html\.zip, 1 KB"))
    assert_axe_finds_nothing(portal, "publish what was dropped on a page")
    portal.click("#answer-yes")
    serves(system, "dropped-on", "dropped")

    enable(portal, "dropped-on")
    portal.goto("/sites/dropped-on/staging/deployments/")
    drop(portal, portal.evaluate_handle(FOLDER))
    expect(portal.locator(".publish__form [data-upload-note]")).to_have_text(re.compile(r"my site\.zip"))
    portal.click(".publish__form .button")
    expect(portal.locator("#notification-swap")).to_be_visible(timeout=60 * SECONDS)
    assert_axe_finds_nothing(portal, "what was published to staging can be swapped")
    serves(system, "dropped-on-staging", "from a folder")
    portal.click("#notification-swap")
    expect(portal.locator("#question")).to_contain_text("swap")
