"""Who is connected, where two have the same name."""

from datetime import UTC, datetime, timedelta

from envoy.config.core.v3.base_pb2 import Node

from sites.router.authority import Certificate
from sites.router.xds.admission import LOCAL, Peer
from sites.router.xds.nodes import Nodes, seat_of
from tests.sites.router.xds.envoy import EDGE, make_cache

CERTIFICATE = Certificate("router-2", "one", datetime.now(UTC) + timedelta(days=1))


def test_a_second_one_with_the_same_certificate_is_refused_while_the_first_is_there() -> None:
    nodes = Nodes(make_cache())
    first, second = Peer("1", CERTIFICATE), Peer("2", CERTIFICATE)
    assert not nodes.is_taken("router-2", first)
    connection = nodes.connect("router-2", EDGE, first)
    assert nodes.is_taken("router-2", second)
    assert not nodes.is_taken("router-2", first), "a new stream of the same connection"
    nodes.disconnect(connection)
    assert not nodes.is_taken("router-2", second)


def test_the_machines_own_envoy_takes_the_place_of_its_predecessor() -> None:
    nodes = Nodes(make_cache())
    older = nodes.connect("router-1", EDGE)
    assert not nodes.is_taken("router-1", LOCAL)
    nodes.connect("router-1", EDGE)
    assert older.outbox.get_nowait() is None


def test_a_successor_has_a_seat_of_its_own_and_both_have_to_acknowledge() -> None:
    nodes = Nodes(make_cache())
    seats = [seat_of(Node(id="router-1", metadata={"run": run}), LOCAL) for run in ("a", "b", "b")]
    older, newer, again = (nodes.connect("router-1", EDGE, seat=seat) for seat in seats)
    assert older.outbox.empty()
    assert newer.outbox.get_nowait() is None, "it has connected again itself"
    older.stream.versions[7], again.stream.versions[7] = 3, 4
    assert nodes.acknowledgement(7, 4)[0].versions == {"router-1": 3}
    del again.stream.versions[7]
    assert nodes.acknowledgement(7, 4)[0].versions == {}
    assert nodes.seats(["router-1", "router-2"]) == {"router-1/a", "router-1/b", "router-2"}
    nodes.disconnect(older)
    assert nodes.seats(["router-1"]) == {"router-1/b"}


def test_a_router_with_a_certificate_has_one_seat_whatever_it_says() -> None:
    assert seat_of(Node(id="router-2", metadata={"run": "a"}), Peer("1", CERTIFICATE)) == "router-2"
    assert seat_of(Node(id="router-2"), LOCAL) == "router-2"
