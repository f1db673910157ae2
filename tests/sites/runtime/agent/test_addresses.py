"""Addresses are given once, remembered, and not given again soon."""

from pathlib import Path

import pytest

from sites.runtime.agent import addresses
from sites.runtime.agent.addresses import Allocation, address_of, claim_octet, gateway_of, octets_in_order


@pytest.fixture(autouse=True)
def nothing_foreign(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "_is_foreign", lambda octet: False)


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


def test_a_block_that_the_machine_uses_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "octets_in_order", lambda state: [200, 201])
    monkeypatch.setattr(addresses, "_is_foreign", lambda octet: octet == 200)
    assert claim_octet(tmp_path, tmp_path / "claims") == 201
    assert not (tmp_path / "claims" / "network-200").exists()


def test_every_block_is_tried(tmp_path: Path) -> None:
    assert sorted(octets_in_order(tmp_path)) == list(addresses.OCTETS)
