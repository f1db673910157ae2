"""Web sites as the tests of their pages need them, made by way of the portal."""

import zipfile
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.live.system import System, wait_for

SECONDS = 1000


def create(page: Page, name: str, mode: str = "standard") -> None:
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


def enable(page: Page, name: str) -> None:
    """Its staging slot from the dashboard, waited for."""
    page.goto(f"/sites/{name}/production/dashboard/")
    page.click("#glance-enable")
    page.click("#answer-yes")
    page.wait_for_url("**/sites/**")
    page.goto(f"/sites/{name}/staging/dashboard/")
    expect(page.locator("#overview .running")).to_have_count(0, timeout=60 * SECONDS)


def archive(folder: Path, text: str) -> Path:
    """A zip of one page with that text."""
    path = folder / f"{text}.zip"
    with zipfile.ZipFile(path, "w") as zipped:
        zipped.writestr("index.html", f"<!doctype html><title>{text}</title><p>{text}</p>")
    return path


def serves(system: System, name: str, text: str) -> None:
    """The site itself is asked, not the database."""
    with system.client(name) as client:
        wait_for(lambda: text in client.get("/").text, 60, f"{name} serves {text}", interval=0.2)
