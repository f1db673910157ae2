"""Who is connected, where two have the same name."""

from datetime import UTC, datetime, timedelta

from sites.router.authority import Certificate
from sites.router.xds.admission import LOCAL, Peer
from sites.router.xds.nodes import Nodes
from tests.sites.router.xds.envoy import EDGE, make_cache

CERTIFICATE = Certificate("router-2", "one", datetime.now(UTC) + timedelta(days=1))


def test_a_second_one_with_the_same_certificate_is_refused_while_the_first_is_there() -> None:
    nodes = Nodes(make_cache())
    first, second = Peer("1", CERTIFICATE), Peer("2", CERTIFICATE)
    assert not nodes.is_taken("router-2", first)
    connection = nodes.connect("router-2", EDGE.listener, first)
    assert nodes.is_taken("router-2", second)
    assert not nodes.is_taken("router-2", first), "a new stream of the same connection"
    nodes.disconnect(connection)
    assert not nodes.is_taken("router-2", second)


def test_the_machines_own_envoy_takes_the_place_of_its_predecessor() -> None:
    nodes = Nodes(make_cache())
    older = nodes.connect("router-1", EDGE.listener)
    assert not nodes.is_taken("router-1", LOCAL)
    nodes.connect("router-1", EDGE.listener)
    assert older.outbox.get_nowait() is None
