"""Addresses are given once, remembered, and not given again soon."""

from pathlib import Path

import pytest

from sites.runtime.agent import addresses
from sites.runtime.agent.addresses import Allocation, address_of, claim_octet, gateway_of, octets_in_order
from sites.runtime.agent.links import ROUTE_PROTOCOL


@pytest.fixture(autouse=True)
def routes(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """What the machine has."""
    found: list[dict[str, str]] = [{"dst": "default", "dev": "eth0"}]
    monkeypatch.setattr(addresses, "routes", lambda: found)
    return found


def test_a_key_keeps_its_number_over_a_restart(tmp_path: Path) -> None:
    first = Allocation(tmp_path / "network.json", 8)
    numbers = [first.take(key) for key in ("1/0", "1/1", "1/0")]
    again = Allocation(tmp_path / "network.json", 8)
    assert numbers == [0, 1, 0]
    assert [again.take("1/1"), again.take("2/0")] == [1, 2]


def test_a_number_comes_again_as_late_as_possible(tmp_path: Path) -> None:
    allocation = Allocation(tmp_path / "network.json", 3)
    assert allocation.take("a") == 0
    allocation.give_back("a")
    assert [allocation.take("b"), allocation.take("c"), allocation.take("d")] == [1, 2, 0]
    with pytest.raises(OSError, match="in use"):
        allocation.take("e")


def test_every_instance_has_an_address_of_its_own_in_the_block() -> None:
    assert gateway_of(213) == "10.213.0.1"
    assert [address_of(213, number) for number in (0, 1)] == ["10.213.0.2", "10.213.0.3"]
    assert address_of(213, addresses.ADDRESSES - 1) == "10.213.255.254"


def test_two_installations_get_blocks_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    states = [tmp_path / name for name in ("one", "two")]
    for state in states:
        state.mkdir()
    monkeypatch.setattr(addresses, "octets_in_order", lambda state: [200, 201])
    claims = tmp_path / "claims"
    assert [claim_octet(state, claims) for state in (*states, states[0])] == [200, 201, 200]
    third = tmp_path / "three"
    with pytest.raises(OSError, match="No block"):
        claim_octet(third, claims)
    states[1].rmdir()
    assert claim_octet(third, claims) == 201, "an installation that is gone needs none"


def test_a_block_that_the_machine_uses_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, routes: list[dict[str, str]]
) -> None:
    monkeypatch.setattr(addresses, "octets_in_order", lambda state: [200, 201])
    routes.append({"dst": "10.200.7.0/24", "dev": "eth1"})
    assert claim_octet(tmp_path, tmp_path / "claims") == 201
    assert not (tmp_path / "claims" / "network-200").exists()


def test_a_block_that_an_installation_has_closed_or_uses_is_not_the_machines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, routes: list[dict[str, str]]
) -> None:
    monkeypatch.setattr(addresses, "octets_in_order", lambda state: [200, 201])
    routes.append({"type": "unreachable", "dst": "10.200.0.0/16", "protocol": ROUTE_PROTOCOL})
    routes.append({"dst": "10.200.0.7", "dev": "room200-5"})
    assert claim_octet(tmp_path, tmp_path / "claims") == 200
    routes.append({"type": "unreachable", "dst": "10.200.0.0/16", "protocol": "static"})
    assert claim_octet(tmp_path, tmp_path / "claims") == 201, "an administrator has closed it"


def test_every_block_is_tried(tmp_path: Path) -> None:
    assert sorted(octets_in_order(tmp_path)) == list(addresses.OCTETS)
