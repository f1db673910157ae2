"""A browser for the pages of a slot."""

import pytest
from playwright.sync_api import Page

from tests.live.chromium import OpenPage


@pytest.fixture
def portal(open_page: OpenPage) -> Page:
    """A signed-in browser."""
    page = open_page(size=(1100, 720))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    return page
