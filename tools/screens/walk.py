"""The whole walk, in its order; it begins without a web site, with a one-time sign-in link."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.screens import access, creation, failures, logs, pages, swaps
from tools.screens.walker import Look, Walker

if TYPE_CHECKING:
    from playwright.sync_api import Browser

STAGED, PLAIN, READER = "contoso", "fabrikam", "visitor"
"""A staged site, a site that begins in Free mode, and a person who comes to read."""


def walk(browser: Browser, origin: str, link: str, broken_page: str, look: Look) -> None:
    """Every screen and state of the portal at `origin`, for the person to whom `link` belongs.

    `broken_page` is what failures.BROKEN_PAGE prints there.
    """
    steps = Walker(browser, origin, look)
    access.choose_password(steps, link)
    creation.create_staged(steps, STAGED)
    with steps.visited(STAGED):
        pages.configure(steps, STAGED)
        swaps.preview(steps, STAGED)
        swaps.swap(steps, STAGED)
    pages.of_a_staged_site(steps, STAGED)
    creation.create_plain(steps, PLAIN)
    creation.enable(steps, PLAIN)
    pages.of_the_list(steps, STAGED, PLAIN)
    swaps.roll_back(steps, STAGED)
    failures.publish_what_ends(steps, STAGED)
    failures.refuse(steps, STAGED, broken_page)
    access.add_reader(steps, STAGED, READER)
    logs.delete_and_restore(steps, STAGED)
    logs.look_up(steps, STAGED)
    access.set_up_second_factor(steps)
    access.sign_in_again(steps)
    steps.page.context.close()
