"""The figures of a site on a real system: counted by Envoy, drawn in a real browser with the swap on the line."""

import re

import pytest
from playwright.sync_api import expect

from sites.models import Operation
from tests.live.chromium import OpenPage, assert_axe_finds_nothing
from tests.live.stage import using
from tests.live.system import System, wait_for

pytestmark = pytest.mark.live
CHOSEN = "range=1h&metric=requests&metric=404&metric=p95&metric=memory"


def test_requests_are_drawn_with_the_swap_that_they_saw(system: System, open_page: OpenPage) -> None:
    with using(system), system.signed_in() as portal:
        assert portal.post("/new/sample/").status_code == 303
        found = re.search(r'aria-selected="true"[^>]*data-slot="([^"/]+)/production"', portal.get("/sites/").text)
        assert found
        name, slot = found[1], f"/sites/{found[1]}/production"

        def is_quiet() -> bool:
            return not Operation.objects.filter(site__name=name, state__in=Operation.OPEN).exists()

        wait_for(is_quiet, 60, "the sample is there", interval=0.5)

        def is_counted() -> bool:
            with system.client(name) as visitor:
                statuses = [visitor.get(path).status_code for path in ("/", "/nothing-here")]
            row = re.search(r"<th scope=\"row\">Requests</th>(.*)</tr>", portal.get(f"{slot}/monitor/?{CHOSEN}").text)
            return 200 in statuses and row is not None and re.search(r"<td>[1-9]", row[1]) is not None

        wait_for(is_counted, 60, "a look has counted requests", interval=2.0)
        assert portal.post(f"/sites/{name}/staging/swap/").status_code == 303
        wait_for(is_quiet, 60, "the swap is done", interval=0.5)
        page = open_page(f"{slot}/monitor/?{CHOSEN}")
        expect(page.locator(".chart__plot canvas")).to_be_visible(timeout=20_000)
        expect(page.locator(".chart__swap")).to_have_count(1)
        assert_axe_finds_nothing(page, "monitor")
        page.goto(f"{slot}/logs/")
        assert_axe_finds_nothing(page, "logs")
        page.goto(f"{slot}/dashboard/")
        expect(page.locator(".chart__plot canvas")).to_be_visible(timeout=20_000)
        assert_axe_finds_nothing(page, "dashboard")
        portal.post(f"{slot}/delete/", data={"typed_name": name})
