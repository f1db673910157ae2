"""A retired router serves nobody, is refused, and serves again once it is active."""

import pytest

from sites.router.roster import KnownRouter
from tests.live.router.client import Client
from tests.live.router.rig import PRODUCTION, Rig, eventually

pytestmark = pytest.mark.live

ACTIVE = KnownRouter("router-1", must_acknowledge=True, is_retired=False)
RETIRED = KnownRouter("router-1", must_acknowledge=False, is_retired=True)


def test_a_retired_router_gives_up_its_port_and_is_let_in_again(running: Rig) -> None:
    client = Client(running.port, PRODUCTION)
    client.start()
    try:
        eventually(lambda: len(client.answers) > 5)
        running.tables.know(RETIRED)
        eventually(lambda: not running.is_listening())
    finally:
        client.stop()
    assert not [one for one in client.failures if "refused" not in one], "a request that was under way was cut"
    assert running.router.status()["nodes"] == {}
    assert running.log("xds").count("Router router-1 is retired") <= 2, "it tries again twice a second"
    running.tables.know(ACTIVE)
    eventually(running.is_listening)
    assert running.ask(PRODUCTION).json()["label"] == "A"


def test_one_that_comes_back_after_its_retirement_gives_up_its_port(running: Rig) -> None:
    running.kill("xds")
    running.tables.know(RETIRED)
    assert running.is_listening()
    running.start_xds()
    eventually(lambda: not running.is_listening())
    assert running.router.status()["nodes"] == {}
