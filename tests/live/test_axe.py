"""One walk through every screen and state of the portal, and axe finds nothing on any."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, sync_playwright

from sites.management.screens.walk import walk
from tests.live.system import System

pytestmark = pytest.mark.live

OPTIONS = {"resultTypes": ["violations"], "preload": False}
"""No page here has a film or a sound, for which alone axe would fetch all style sheets once more on every look."""
NAMES = ("walked", "walked-plain", "onlooker")
LINK_OF_SOMEBODY_NEW = """
from django.contrib.auth.models import User
from portal.sign_in_links import create_link
from sites.models import Membership, Role, Subscription
user = User.objects.create_user("walker")
Membership.objects.create(user=user, role=Role.OWNER, subscription=Subscription.objects.create(name="Walked"))
print(create_link(user))
"""


def test_axe_finds_nothing_on_any_screen_and_state(system: System) -> None:
    done = system.manage("shell", "--no-imports", "-c", LINK_OF_SOMEBODY_NEW)
    assert done.returncode == 0, done.stderr
    axe, seen, found = Axe(), [], []

    def look(page: Page, name: str) -> None:
        seen.append(name)
        result = axe.run(page, options=OPTIONS)
        if result.violations_count:
            found.append(f"{name}: {result.generate_report()}")

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        walk(browser, f"http://{system.host()}", done.stdout.split()[-1], look, NAMES)
        browser.close()
    assert len(seen) > 100 and not found, "\n".join(found)
