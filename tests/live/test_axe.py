"""One walk through every screen and state of the portal, and axe finds nothing on any."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from sites.management.screens.failures import BROKEN_PAGE
from sites.management.screens.walk import walk
from tests.live.chromium import AXE
from tests.live.system import System

pytestmark = pytest.mark.live

NAMES = ("walked", "walked-plain", "onlooker")
LINK_OF_SOMEBODY_NEW = """
from django.contrib.auth.models import User
from portal.sign_in_links import create_link
from sites.models import Membership, Role, Subscription
user = User.objects.create_user("walker")
Membership.objects.create(user=user, role=Role.OWNER, subscription=Subscription.objects.create(name="Walked"))
print(create_link(user))
"""


def test_axe_finds_nothing_on_any_screen_and_state(chromium: Browser, system: System) -> None:
    done = system.manage("shell", "--no-imports", "-c", LINK_OF_SOMEBODY_NEW + BROKEN_PAGE)
    assert done.returncode == 0, done.stderr
    link, _, broken_page = done.stdout.partition("\n")
    axe, seen, found = Axe(), [], []

    def look(page: Page, name: str) -> None:
        seen.append(name)
        result = axe.run(page, options=AXE)
        if result.violations_count:
            found.append(f"{name}: {result.generate_report()}")

    walk(chromium, f"http://{system.host()}", link, broken_page, look, NAMES)
    assert len(seen) > 100 and not found, "\n".join(found)
