"""What the control socket answers about requests in progress."""

import asyncio
import json
from unittest.mock import AsyncMock, Mock

from sites.router.xds.control import Control
from sites.router.xds.load_reports import LoadReports
from sites.router.xds.nodes import Nodes
from tests.sites.router.xds.envoy import make_cache
from tests.sites.router.xds.test_load_reports import Clock, report


def test_a_registered_router_that_is_away_leaves_the_count_unknown() -> None:
    clock = Clock()
    reports, keeper = LoadReports(clock), Mock()
    control = Control(Nodes(make_cache()), keeper, reports)
    order = Mock(json=AsyncMock(return_value={"clusters": ["a"]}))

    def in_progress(*registered: str) -> int | None:
        keeper.registered = AsyncMock(return_value=list(registered))
        return json.loads(asyncio.run(control.load(order)).text)["in_progress"]["a"]

    reporter = reports.connect("one")
    in_progress("one")
    clock.now += 0.25
    reports.receive(reporter, report(a=2))
    assert in_progress("one") == 2
    assert in_progress("one", "two") is None
