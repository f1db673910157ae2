"""The rules in the order in which they are judged, and what they depend on."""

from dataclasses import replace
from pathlib import Path

import pytest

from sites.runtime.agent import firewall
from sites.runtime.agent.firewall import Plan, allow_forwarding, max_flows, must_close, rules

PLAN = Plan("greenroom_200", "room200-", "10.200.0.0/16", name_servers=("10.255.255.53", "169.254.169.253"))


def chain(name: str, plan: Plan = PLAN) -> list[str]:
    """The rules of one chain."""
    _, _, rest = rules(plan).partition(f"chain {name} {{")
    lines = [line.strip() for line in rest[: rest.index("\n    }")].splitlines()]
    return [line for line in lines if line and not line.startswith("type ")]


def test_answers_come_before_refusals_and_name_servers_before_private_networks() -> None:
    found = chain("sent", replace(PLAN, allows_private=False))
    answers, servers, block, addresses, ranges = (
        next(number for number, rule in enumerate(found) if part in rule)
        for part in ("established", "dport 53", "ip daddr 10.200.0.0/16", "fib daddr type", "169.254.0.0/16")
    )
    assert answers < servers < block < addresses < ranges
    assert found[servers].startswith(
        "ip daddr { 10.255.255.53, 169.254.169.253 } meta l4proto { tcp, udp } th dport 53"
    )


def test_spoofed_ones_and_ipv6_come_no_further() -> None:
    found = chain("sent")
    assert found[0] == 'iifname != "room200-*" accept'
    assert found[1:5] == [
        "meta nfproto != ipv4 drop",
        "fib saddr . iif oif missing drop",
        "ct state invalid drop",
        "icmp type redirect drop",
    ]


def test_metadata_is_refused_always_and_private_networks_by_the_setting() -> None:
    allowed, refused = (
        next(rule for rule in chain("sent", replace(PLAN, allows_private=value)) if "{ 169.254" in rule)
        for value in (True, False)
    )
    assert allowed.endswith("} goto refused") and refused.endswith("} goto refused")
    for address in ("169.254.0.0/16", "100.100.100.200", "168.63.129.16", "192.0.0.0/24"):
        assert address in allowed and address in refused
    for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"):
        assert network not in allowed and network in refused


def test_only_the_routers_user_connects_to_instances() -> None:
    assert chain("output") == ['oifname "room200-*" meta skuid != 0 reject with icmpx type admin-prohibited']


def test_nothing_for_the_block_leaves_by_another_interface() -> None:
    assert chain("leaving") == ['ip daddr 10.200.0.0/16 oifname != "room200-*" oifname != "lo" drop']


def test_without_name_servers_there_is_no_empty_set() -> None:
    assert "{  }" not in rules(replace(PLAN, name_servers=()))
    assert "dport 53" not in rules(replace(PLAN, name_servers=()))


def test_one_sandbox_has_a_part_of_the_machines_connections(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(firewall, "TRACKED", tmp_path / "max")
    assert max_flows() == 8192
    (tmp_path / "max").write_text("65536\n")
    assert max_flows() == 2048
    (tmp_path / "max").write_text("4096\n")
    assert max_flows() == 1024


@pytest.fixture
def interfaces(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """As the kernel shows them: eth0 and all, which pass nothing on."""
    monkeypatch.setattr(firewall, "FORWARDING", tmp_path)
    for name in ("eth0", "all"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "forwarding").write_text("0\n")
    return tmp_path


def test_an_interface_that_passes_packets_on_for_sandboxes_does_so_for_nobody_else(interfaces: Path) -> None:
    assert allow_forwarding("eth0", interfaces)
    assert (interfaces / "eth0" / "forwarding").read_text() == "1"
    assert must_close("eth0", interfaces)
    assert chain("forward", replace(PLAN, way_out="eth0"))[-1] == 'iifname "eth0" oifname != "room*" ct state new drop'


def test_a_machine_that_is_a_router_by_its_administrators_will_stays_one(interfaces: Path) -> None:
    (interfaces / "eth0" / "forwarding").write_text("1\n")
    assert allow_forwarding("eth0", interfaces)
    assert not must_close("eth0", interfaces)
    (interfaces / "forwarding-eth0").touch()
    (interfaces / "all" / "forwarding").write_text("1\n")
    assert not must_close("eth0", interfaces), "it became one later"
    assert not must_close(None, interfaces)


def test_an_interface_that_is_gone_passes_nothing_on(interfaces: Path) -> None:
    assert not allow_forwarding("wlan0", interfaces)
