"""What a web site writes is seen by those who may publish to it: on the log page, and by a stream that goes on."""

import base64

import pytest

from sites.management.welcome import administrator
from sites.models import Operation, Site
from sites.services.sites import create_site, delete_site
from sites.services.subscriptions import ensure_default
from tests.live import archives
from tests.live.stage import using
from tests.live.system import System
from tests.live.system import wait_for as wait_until
from tools.demo.operations import wait_for
from tools.demo.publishing import publish

pytestmark = pytest.mark.live
NAME = "talkative"


def test_a_request_is_seen_in_the_log_stream_and_on_the_log_page(system: System) -> None:
    with using(system):
        user = administrator()
        wait_for(create_site(acting_user=user, subscription=ensure_default(owner=user), name=NAME, mode="standard"))
        site = Site.objects.get(name=NAME)
        slot = site.slots.get()
        public_id = publish(slot, archives.probed("one"), "one", port=system.port)
        wait_for(Operation.objects.get(public_id=public_id))
        pair = base64.b64encode(f"{slot.publishing_user}:{slot.publishing_password}".encode()).decode()
        with (
            system.client(f"{NAME}.scm") as client,
            client.stream("GET", "/logstream", headers={"Authorization": f"Basic {pair}"}) as stream,
            system.client(NAME) as visitor,
        ):
            lines = stream.iter_lines()
            assert next(lines) == f"The log of '{NAME}' follows. Press Ctrl-C to end."
            number = 0

            def is_seen() -> bool:
                nonlocal number
                number += 1
                visitor.get("/", headers={"User-Agent": f"visitor-{number}"})
                line = next(lines)
                return "visitor-" in line and "r" in line.split(" ")[2]

            wait_until(is_seen, 60, "a line of the visitor")
        with system.signed_in() as portal:
            page = portal.get(f"/sites/{NAME}/production/logs/").text
        assert "visitor-1</bdi>" in page
        assert "SiteWarmup</bdi>" in page
        wait_for(delete_site(acting_user=user, site=site, typed_name=NAME))
