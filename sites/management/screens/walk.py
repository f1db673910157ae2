"""The whole walk, in its order; it begins without a web site, with a one-time sign-in link."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sites.management.screens import access, creation, failures, logs, pages, swaps
from sites.management.screens.walker import Look, Walker

if TYPE_CHECKING:
    from playwright.sync_api import Browser


NAMES = ("contoso", "fabrikam", "visitor")


def walk(
    browser: Browser, origin: str, link: str, broken_page: str, look: Look, names: tuple[str, str, str] = NAMES
) -> None:
    """Every screen and state of the portal at `origin`, for the person to whom `link` belongs.

    `broken_page` is what failures.BROKEN_PAGE prints there.
    `names` are those of a staged site, of a site that begins in Free mode, and of a person who comes to read.
    """
    staged, plain, reader = names
    steps = Walker(browser, origin, look)
    access.choose_password(steps, link)
    creation.create_staged(steps, staged)
    pages.configure(steps, staged)
    swaps.preview(steps, staged)
    swaps.swap(steps, staged)
    pages.of_a_staged_site(steps, staged)
    creation.create_plain(steps, plain)
    creation.enable(steps, plain)
    pages.of_the_list(steps, staged, plain)
    swaps.roll_back(steps, staged)
    failures.publish_what_ends(steps, staged)
    failures.refuse(steps, staged, broken_page)
    access.add_reader(steps, staged, reader)
    logs.delete_and_restore(steps, staged)
    logs.look_up(steps, staged)
    access.set_up_second_factor(steps)
    access.sign_in_again(steps)
    steps.page.context.close()
