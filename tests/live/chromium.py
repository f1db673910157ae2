"""Debian's Chromium as the live tests use it: signed in, without motion, and every screen asked by axe."""

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.live.system import System

PROGRAM = "/usr/bin/chromium"
WITHOUT_NETLINK = f"""#!{sys.executable}
import errno, os, socket, sys
import pyseccomp
rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
family = pyseccomp.Arg(0, pyseccomp.EQ, socket.AF_NETLINK)
rules.add_rule(pyseccomp.ERRNO(errno.EAFNOSUPPORT), "socket", family)
rules.load()
os.execv("{PROGRAM}", ["{PROGRAM}", *sys.argv[1:]])
"""
"""Chromium drops the connections that it is opening when the machine gets an address or loses one, and each system that
another test starts meanwhile has one."""
SIZE = (1280, 800)
WIDTHS = (1280, 360)
WAIT_MILLISECONDS = 60_000
AXE = {"resultTypes": ["violations"], "preload": False}
"""No page here has a film or a sound, for which alone axe would fetch all style sheets once more on every look."""
OpenPage = Callable[..., Page]
"""Window.open."""


@contextmanager
def launched() -> Iterator[Browser]:
    """A browser of its own. Within it Playwright keeps an event loop in this thread, in which nothing of ours runs:
    Django is told that its models may be used between the calls of the browser all the same.
    """
    with (
        tempfile.TemporaryDirectory(prefix="greenroom-") as folder,
        pytest.MonkeyPatch.context() as patch,
        sync_playwright() as playwright,
    ):
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        program = Path(folder) / "chromium"
        program.write_text(WITHOUT_NETLINK)
        program.chmod(0o700)
        expect.set_options(timeout=WAIT_MILLISECONDS)
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


class Window:
    """What one test has open in the browser; an error of a script is remembered until the test ends."""

    def __init__(self, browser: Browser, system: System) -> None:
        self._browser = browser
        self._system = system
        self._contexts: list[BrowserContext] = []
        self.faults: list[str] = []

    def open(
        self,
        path: str = "",
        *,
        scripts: bool = True,
        size: tuple[int, int] = SIZE,
        signed_in: bool = True,
        zone: str = "UTC",
    ) -> Page:
        """Another person's page in a time zone, signed in as the administrator, at `path` if there is one."""
        context = self._browser.new_context(
            base_url=f"http://{self._system.host()}",
            java_script_enabled=scripts,
            reduced_motion="reduce",
            timezone_id=zone,
            viewport={"width": size[0], "height": size[1]},
        )
        self._contexts.append(context)
        if signed_in:
            cookies = self._system.cookies()
            origin = f"https://{self._system.host()}"  # a cookie with Secure is for localhost too, if set so
            context.add_cookies(
                [{"name": name, "value": cookies[name], "url": origin, "secure": True} for name in cookies]
            )
        page = context.new_page()
        page.set_default_timeout(WAIT_MILLISECONDS)
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error.message} {error.stack}"))
        if path:
            page.goto(path)
        return page

    def close(self) -> None:
        """Close everything, and fail when a script did."""
        for context in self._contexts:
            context.close()
        assert not self.faults, self.faults


def assert_axe_finds_nothing(page: Page, screen: str, widths: tuple[int, ...] = WIDTHS) -> None:
    """Ask axe at each width; the page has its former size afterwards."""
    size = page.viewport_size
    assert size is not None
    for width in widths:
        page.set_viewport_size({"width": width, "height": size["height"]})
        found = Axe().run(page, options=AXE)
        assert found.violations_count == 0, f"{screen} at {width}: {found.generate_report()}"
    page.set_viewport_size(size)
