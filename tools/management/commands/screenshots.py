"""`./greenroom screenshots`: every screen and state of the portal as a picture in docs/portal."""

from pathlib import Path

from django.conf import settings
from django.core.management.base import CommandParser

from sites.management.base import GreenroomCommand
from tools.demo.installation import Installation, NotStarted
from tools.screens.failures import BROKEN_PAGE
from tools.screens.walk import walk

try:
    from playwright.sync_api import Page, sync_playwright

    HAS_BROWSER_LIBRARY = True
except ImportError:  # a library of the tests
    HAS_BROWSER_LIBRARY = False

TARGET = Path("docs") / "portal"
BROWSER = "/usr/bin/chromium"


class Command(GreenroomCommand):
    """Start an installation in a temporary folder, walk through it, and end it."""

    help = "Write every screen and state of the portal into docs/portal/*.png."
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to write."""
        parser.add_argument("--to", type=Path, metavar="DIR", default=settings.BASE_DIR / TARGET, help=f"({TARGET})")

    def handle(self, *, to: Path, **_: object) -> None:
        """Exit code 1 with a sentence when something is missing."""
        if not HAS_BROWSER_LIBRARY or not Path(BROWSER).exists():
            self.stderr.write(
                "Pictures need Playwright and Chromium, which the tests bring: ./greenroom screenshots fetches them. "
                "No picture was written."
            )
            raise SystemExit(1)
        installation = Installation()
        try:
            self.stdout.write(f"Starting Greenroom in {installation.folder}, port {installation.port}")
            installation.start()
            self._walk(installation, to)
        except NotStarted as error:
            self.stderr.write(f"Greenroom did not start, so no picture was written. The end of its log:\n{error}")
            raise SystemExit(1) from error
        finally:
            installation.stop()

    def _walk(self, installation: Installation, to: Path) -> None:
        to.mkdir(parents=True, exist_ok=True)
        link = installation.ask(["password", "--link"]).split()[-1]
        broken_page = installation.ask(["shell", "--no-imports", "-c", BROKEN_PAGE])
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])

            def look(page: Page, name: str) -> None:
                page.screenshot(path=to / f"{name}.png", animations="disabled")
                self.stdout.write(name)

            walk(browser, f"http://localhost:{installation.port}", link, broken_page, look)
            browser.close()
