"""Goes through the portal as a person does, and shows a screen only while it holds still."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, ViewportSize

WIDE: ViewportSize = {"width": 1280, "height": 720}
HEIGHTS = {360: 640, 963: 515, 2560: 1440}
SHORT, LONG = 20_000, 120_000

HOLD = """
window.isHeld = false;
document.addEventListener("htmx:beforeRequest", (event) => { if (window.isHeld) event.preventDefault(); });
document.addEventListener("htmx:beforeSwap", () => {
  if (window.isToBeHeld) window.isHeld = true;
  window.isToBeHeld = false;
});
const ask = window.fetch;
window.fetch = async (...asked) => {
  const answer = await ask(...asked);
  while (window.isHeld) await new Promise((resolve) => setTimeout(resolve, 20));
  return answer;
};
"""
IS_STILL = """
(selector) => {
  const isStill = document.readyState === "complete" && document.fonts.status === "loaded"
    && !document.querySelector(".htmx-request")
    && document.getAnimations().every((animation) => animation.playState !== "running")
    && (!selector || document.querySelector(selector));
  if (isStill) window.isHeld = true;
  return Boolean(isStill);
}
"""
"""In one step, so that nothing comes in between: what the page asks for by itself waits until the look is over."""

Look = Callable[["Page", str], None]


class Walker:
    """One person's page of the portal at `origin`; `look` is called with it and the name of each screen."""

    def __init__(self, browser: Browser, origin: str, look: Look) -> None:
        self.browser, self.origin, self.look = browser, origin, look
        # Without motion: a look at something that still fades would see what nobody reads.
        self.page = browser.new_context(base_url=origin, viewport=WIDE, reduced_motion="reduce").new_page()
        self.page.add_init_script(HOLD)
        self.page.set_default_timeout(SHORT)

    def somebody_else(self) -> Walker:
        """Another person, who has not signed in."""
        return Walker(self.browser, self.origin, self.look)

    @contextmanager
    def visited(self, site: str) -> Iterator[None]:
        """A web site with a visitor, so that there are figures to show."""
        visitor = self.page.context.new_page()
        visitor.goto(self.origin.replace("://", f"://{site}."))
        yield
        visitor.close()

    def go(self, address: str, name: str = "") -> None:
        """Open an address, and show it when it has a name."""
        self.page.goto(address)
        if name:
            self.show(name)

    def show(self, name: str, when: str = "", *, timeout: float = LONG) -> None:
        """The screen as soon as it is still and the selector `when` is there; milliseconds."""
        self.page.wait_for_function(IS_STILL, arg=when, timeout=timeout)
        self.look(self.page, name)
        self.page.evaluate("window.isHeld = false")

    def show_at(self, name: str, *widths: int) -> None:
        """The same screen in windows of other widths."""
        for width in widths:
            self.page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
            self.show(f"{name}-{width}")
        self.page.set_viewport_size(WIDE)

    def see(self, selector: str, timeout: float = SHORT) -> None:
        """Wait until it is there."""
        self.page.wait_for_selector(selector, timeout=timeout)

    def press(self, selector: str, then: str = "") -> None:
        """Press what stays on this page, and wait for what follows from it."""
        self.page.click(selector)
        if then:
            self.see(then)

    def press_and_hold(self, selector: str) -> None:
        """Press what leads to something that soon passes: after its answer the page waits until the look is over."""
        self.page.evaluate("window.isToBeHeld = true")
        self.page.click(selector)

    def follow(self, selector: str) -> None:
        """Press what leads to another page, and wait for that page."""
        with self.page.expect_navigation():
            self.page.click(selector)

    def fill(self, **values: str) -> None:
        """Fill in fields by their ids, which have - where the keyword has _."""
        for name, value in values.items():
            self.page.fill(f"#{name.replace('_', '-')}", value)

    def succeed(self) -> None:
        """Wait until what was asked has succeeded, and close its notification."""
        self.see(".notification--success", LONG)
        self.close_notification()

    def close_notification(self) -> None:
        """OK."""
        self.press("#notification-ok")
        self.page.wait_for_selector(".notification", state="detached")

    def refuse(self) -> None:
        """NO: the question goes, and its place stays for the next one."""
        self.press("#answer-no")
        self.page.wait_for_selector("#question", state="detached")

    def select(self, key: str) -> None:
        """Select a row of the list, and wait for its commands."""
        address = f"/sites/{key}/stop/"
        self.page.locator(f"tr[data-slot='{key}'] td").first.click()
        self.see(f"tr[data-slot='{key}'][aria-selected='true']")
        self.see(f"#command-stop[href='{address}'], form[action='/sites/{key}/start/'], #command-stop[aria-disabled]")

    def publish(self, site: str, slot: str, files: dict[str, str]) -> None:
        """Publish a zip of `files` on the Deployments page."""
        self.go(f"/sites/{site}/{slot}/deployments/")
        self.page.set_input_files(
            "#archive", {"name": "site.zip", "mimeType": "application/zip", "buffer": pack(files)}
        )
        self.press(".publish__form .button", then=".notification")

    def publish_too_much(self, site: str, slot: str) -> None:
        """Send an archive that is larger than the limit, past the script that would not send it."""
        self.go(f"/sites/{site}/{slot}/deployments/")
        limit = int(self.page.get_attribute("[data-upload]", "data-upload") or 0)
        with tempfile.TemporaryDirectory() as folder:
            archive = Path(folder) / "site.zip"
            with archive.open("wb") as file:
                file.truncate(limit + 1)
            self.page.set_input_files("#archive", archive)
            with self.page.expect_navigation(timeout=LONG):
                self.page.evaluate("document.querySelector('.publish__form').submit()")


def pack(files: dict[str, str]) -> bytes:
    """A zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()
