"""Ports of the shared network are free when they are given, and kept."""

import socket
from pathlib import Path

from sites.runtime.agent import network
from sites.runtime.agent.addresses import Allocation
from sites.runtime.agent.network import SharedNetwork


def test_a_port_that_is_taken_is_passed_over_and_kept_later(tmp_path: Path) -> None:
    places = SharedNetwork(tmp_path)
    first = places.take("1/0").port
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", first + 1))
        listener.listen()
        assert places.take("1/1").port not in (first, first + 1)
        assert places.take("1/0").port == first
    assert network.FIRST_PORT <= first <= network.LAST_PORT


def test_what_starts_again_later_has_the_same_port(tmp_path: Path) -> None:
    places = SharedNetwork(tmp_path)
    port = places.take("1/0").port
    places.clear_away("1/0")
    places.take("2/0")
    again = SharedNetwork(tmp_path)
    again.keep_only({"1/0", "2/0"})
    assert again.take("1/0").port == port


def test_what_is_not_kept_is_free_again(tmp_path: Path) -> None:
    places = SharedNetwork(tmp_path)
    port = places.take("1/0").port
    places.take("2/0")
    again = SharedNetwork(tmp_path)
    again.keep_only({"1/0"})
    assert again.take("1/0").port == port
    assert Allocation(tmp_path / "network.json", 100).numbers.keys() == {"1/0"}
