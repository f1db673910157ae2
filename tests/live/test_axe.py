"""One walk through every screen and state of the portal, and axe finds nothing on any, nor on the main ones in dark."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.live.chromium import AXE
from tests.live.system import System
from tools.screens.failures import BROKEN_PAGE
from tools.screens.walk import walk

pytestmark = pytest.mark.live
DARK = {
    *("account", "choose-password", "compare", "configure-unsaved-rows", "deployment-log", "deployments-failed"),
    *("deployments-history", "list-selected", "list-tree", "monitor", "new-custom-create-2", "operation-details"),
    *("operation-logs-selected", "preview-dashboard", "quickstart-sample", "release-report", "scale-unsaved"),
    *("sign-in", "source-repository", "swap-history", "swap-question"),
}
"""Screens that together have every kind of text on every ground."""
CONTRAST = {**AXE, "runOnly": ["color-contrast"]}
GROUND = "getComputedStyle(document.body).backgroundColor"


def test_axe_finds_nothing_on_any_screen_and_state(chromium: Browser, make_system: Callable[..., System]) -> None:
    system = make_system()
    system.start()
    done = system.manage("shell", "--no-imports", "-c", BROKEN_PAGE)
    assert done.returncode == 0, done.stderr
    axe, seen, found = Axe(), [], []

    def look(page: Page, name: str) -> None:
        seen.append(name)
        result = axe.run(page, options=AXE)
        if result.violations_count:
            found.append(f"{name}: {result.generate_report()}")
        if name in DARK:
            page.emulate_media(color_scheme="dark")
            result = axe.run(page, options=CONTRAST)
            if result.violations_count:
                found.append(f"{name} in dark: {result.generate_report()}")
            assert page.evaluate(GROUND) == "rgb(27, 31, 35)"
            page.emulate_media(color_scheme="light")

    walk(chromium, f"http://{system.host()}", system.link(), done.stdout, look)
    assert len(seen) > 100 and set(seen) >= DARK and not found, "\n".join(found)
