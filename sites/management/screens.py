"""One walk through every screen and state of the portal, in a browser, on a system that has no web site yet."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page, ViewportSize

PASSWORD = "correct horse battery staple"  # noqa: S105  of an installation that lives as long as the walk
WIDE: ViewportSize = {"width": 1280, "height": 720}
NARROW: ViewportSize = {"width": 360, "height": 640}
LONG = 120_000


class Walk:
    """Goes from screen to screen as a person does, and has `look` called with the name of each."""

    def __init__(self, page: Page, look: Callable[[str], None]) -> None:
        self.page = page
        self._look = look
        page.set_viewport_size(WIDE)
        page.set_default_timeout(20_000)

    def go(self, address: str, name: str = "") -> None:
        """Open an address, and show it when it has a name."""
        self.page.goto(address)
        if name:
            self.show(name)

    def show(self, name: str) -> None:
        """The screen as it is now."""
        self.page.wait_for_timeout(250)  # until the bar has risen
        self._look(name)

    def show_narrow(self, name: str) -> None:
        """The same screen on a telephone."""
        self.page.set_viewport_size(NARROW)
        self.show(f"{name}-360")
        self.page.set_viewport_size(WIDE)

    def click(self, selector: str) -> None:
        """Press it."""
        self.page.click(selector)

    def see(self, selector: str, timeout: float = 20_000) -> None:
        """Wait until it is there."""
        self.page.wait_for_selector(selector, timeout=timeout)

    def succeed(self) -> None:
        """Wait until what was asked has succeeded."""
        self.see(".notification--success", LONG)

    def close_notification(self) -> None:
        """OK."""
        self.click("#notification-ok")
        self.page.wait_for_selector(".notification", state="detached")

    def select(self, key: str) -> None:
        """Select a row of the list."""
        self.page.locator(f"tr[data-slot='{key}'] td").first.click()
        self.see(f"tr[data-slot='{key}'][aria-selected='true']")

    def publish(self, site: str, slot: str, files: dict[str, str]) -> None:
        """Publish a zip of `files` on the Deployments page."""
        self.go(f"/sites/{site}/{slot}/deployments/")
        self.page.set_input_files(
            "#archive", {"name": "site.zip", "mimeType": "application/zip", "buffer": pack(files)}
        )
        self.click(".publish__form .button")


def pack(files: dict[str, str]) -> bytes:
    """A zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def walk(page: Page, link: str, look: Callable[[str], None]) -> None:
    """Every screen; `link` is a one-time sign-in link."""
    steps = Walk(page, look)
    _sign_in(steps, link)
    _create(steps)
    _swap(steps)
    _site_pages(steps)
    _failures(steps)
    _delete_and_logs(steps)


def _sign_in(steps: Walk, link: str) -> None:
    steps.go(link, "choose-password")
    for field in steps.page.locator("input[type=password]").all():
        field.fill(PASSWORD)
    steps.page.locator("main button").last.click()
    steps.page.wait_for_load_state()
    steps.go("/sites/", "list-empty")
    steps.show_narrow("list-empty")


def _create(steps: Walk) -> None:
    steps.click("#command-new")
    steps.see("#new-custom")
    steps.page.fill("#new-name", "contoso")
    steps.see(".name-mark__free")
    steps.show("new-quick-create")
    steps.show_narrow("new-quick-create")
    steps.click("#new-custom")
    steps.see("#custom-next")
    steps.page.fill("#new-name", "contoso")
    steps.see(".name-mark__free")
    steps.show("new-custom-create")
    steps.click("#custom-next")
    steps.see("#custom-create-site")
    steps.page.check("input[name=beginning][value=sample]")
    steps.page.check("input[name=has_staging]")
    steps.show("new-custom-create-2")
    steps.click("#custom-create-site")
    steps.page.wait_for_url("**/sites/**")
    steps.see(".notification--progress, .notification--success")
    steps.show("list-creating")
    steps.succeed()
    steps.go("/sites/", "list-success")
    steps.close_notification()
    steps.go("/sites/?selected=", "list-tree")


def _swap(steps: Walk) -> None:
    steps.go("/sites/")
    steps.select("contoso/staging")
    steps.show("list-selected")
    steps.show_narrow("list-selected")
    steps.click("#command-swap")
    steps.see("#question")
    steps.show("swap-question")
    steps.show_narrow("swap-question")
    steps.click("#answer-yes")
    steps.see(".notification--progress, .notification--success")
    steps.show("swap-progress")
    steps.succeed()
    steps.show("swap-success")
    steps.click("#notification-details")
    steps.show("swap-steps")
    steps.close_notification()


def _site_pages(steps: Walk) -> None:
    steps.go("/sites/contoso/production/quickstart/", "quickstart-sample")
    for slot in ("production", "staging"):
        steps.go(f"/sites/contoso/{slot}/dashboard/", f"dashboard-{slot}")
    steps.show_narrow("dashboard-staging")
    steps.go("/sites/contoso/staging/deployments/", "deployments-history")
    steps.go("/sites/contoso/staging/configure/", "configure")
    steps.page.fill("[name='app_settings-0-name']", "GREETING")
    steps.page.fill("[name='app_settings-0-value']", "hello")
    steps.show("configure-unsaved")
    steps.show_narrow("configure-unsaved")
    steps.go("/sites/contoso/production/scale/", "scale")
    steps.page.fill("#scale-count", "3")
    steps.show("scale-unsaved")


def _failures(steps: Walk) -> None:
    steps.publish("contoso", "staging", {"Procfile": "web: python3 -c 'raise SystemExit(3)'\n"})
    steps.see(".notification--failure", LONG)
    steps.show("failure")
    steps.click("#notification-details")
    steps.show("failure-steps")
    steps.go("/sites/contoso/staging/deployments/", "deployments-failed")
    steps.close_notification()
    steps.go("/sites/contoso/production/enable/", "enable-refusal")
    steps.go("/sites/nothing/production/dashboard/", "error-404")


def _delete_and_logs(steps: Walk) -> None:
    steps.go("/sites/")
    steps.select("contoso/production")
    steps.page.wait_for_load_state("networkidle")  # the selection brings a command bar of its own
    steps.page.wait_for_timeout(500)
    steps.click("#command-delete")
    steps.see("details.menu--command[open]")
    steps.show("delete-menu")
    steps.page.locator(".menu--command .menu__panel a").first.click()
    steps.see("#question")
    steps.show("delete-both-question")
    steps.click("#answer-no")
    steps.go("/sites/contoso/staging/delete/", "delete-staging-question")
    steps.click("#answer-yes")
    steps.succeed()
    steps.close_notification()
    steps.go("/operations/", "operation-logs")
    steps.show_narrow("operation-logs")
    steps.page.locator("[data-row] td").first.click()
    steps.see("[data-row].row--selected")
    steps.show("operation-logs-selected")
    steps.click("#command-restore")
    steps.see("#question")
    steps.show("restore-question")
    steps.click("#answer-yes")
    steps.succeed()
    steps.close_notification()
    steps.go("/operations/")
    steps.page.locator("[data-row] .row__title").first.click()
    steps.see("#operation-lines")
    steps.show("operation-details")
    steps.page.keyboard.press("Escape")
    steps.click("#help")
    steps.show("help")
    steps.go("/password/", "password")
