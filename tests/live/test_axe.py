"""One walk through every screen and state of the portal, and axe finds nothing on any."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from sites.management.screens import walk
from tests.live.system import System

pytestmark = [pytest.mark.live, pytest.mark.long]


def test_axe_finds_nothing_on_any_screen_and_state(make_system: Callable[..., System]) -> None:
    system = make_system()
    system.start()
    seen, found = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_context(base_url=f"http://{system.host()}").new_page()

        def look(name: str) -> None:
            seen.append(name)
            result = Axe().run(page)
            if result.violations_count:
                found.append(f"{name}: {result.generate_report()}")

        walk(page, f"http://{system.host()}{system.link()}", look)
        browser.close()
    assert len(seen) > 35 and not found, "\n".join(found)
