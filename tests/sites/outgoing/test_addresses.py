"""Addresses of sites on this machine are no places to send anything to; tests of repositories have the others."""

import ipaddress
import socket
from pathlib import Path

import pytest

from sites.outgoing import addresses
from sites.outgoing.addresses import OutOfReach, is_host, is_named, reachable
from sites.runtime.agent.addresses import claimed_blocks


def test_the_blocks_of_all_installations_are_known(tmp_path: Path) -> None:
    for name in ("network-200", "network-247", "network-x", "other"):
        (tmp_path / name).touch()
    assert sorted(map(str, claimed_blocks(tmp_path))) == ["10.200.0.0/16", "10.247.0.0/16"]
    assert claimed_blocks(tmp_path / "missing") == []


def test_no_name_leads_to_a_web_site_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "claimed_blocks", lambda: [ipaddress.IPv4Network("10.200.0.0/16")])
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(socket.AF_INET, 1, 6, "", ("10.200.0.9", 443))])
    with pytest.raises(OutOfReach, match="where web sites of this machine run"):
        reachable("hooks.example.org", 443, setting="WEBHOOK_HOSTS", owner="a")


@pytest.mark.parametrize(
    ("named", "is_it"),
    [("Hooks.example.org", True), ("hooks.example.org:9000", True), ("hooks.example.org:9001", False), ("org", False)],
)
def test_a_host_is_named_with_its_port_or_for_all_ports(named: str, is_it: bool) -> None:
    assert is_named("hooks.example.org", 9000, [named]) is is_it
    assert is_named("2001:db8::1", 9000, ["[2001:db8::1]:9000"])


def test_what_some_programs_read_as_an_address_is_no_host_and_short_names_are() -> None:
    for number in ("1", "127.1", "0177.0.0.1", "0x7f.0.0.1", "127.0x1", "0X7F000001", "2130706433."):
        assert not is_host(number), number
    for name in ("db", "cafe", "a.be", "10.0.0.7", "fd00::7", "7.example.org", "0x.example.org"):
        assert is_host(name), name
