"""The rules that keep sandboxes from each other and from the host, and let them reach the internet."""

import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sites.runtime.agent.links import routes

INTERFACES = "room*"
"""All sandboxes of all installations on this machine."""
METADATA = ("169.254.0.0/16", "100.100.100.200", "168.63.129.16", "192.0.0.0/24")
"""Where clouds tell a machine its secrets: link-local addresses everywhere, and those of Alibaba, Azure and Oracle."""
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
"""RFC 1918 and RFC 6598."""
TRACKED = Path("/proc/sys/net/netfilter/nf_conntrack_max")
TRACKED_USUALLY = 262144
FLOWS_SHARE = 32
"""One sandbox may have one in so many of the connections that the machine can track: without a bound it could have
all, and nobody would be let in any more."""
FORWARDING = Path("/proc/sys/net/ipv4/conf")
TIMEOUT_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that the rules of one installation depend on."""

    table: str
    prefix: str
    """Of its interfaces."""
    network: str
    """Its block of addresses."""
    owner: int = 0
    """The user whose processes may connect to instances: the router's."""
    name_servers: tuple[str, ...] = ()
    allows_private: bool = True
    max_flows: int = TRACKED_USUALLY // FLOWS_SHARE
    way_out: str | None = None
    """The interface to the internet, if it must not pass on what is not for sandboxes."""


def max_flows() -> int:
    """Connections that one sandbox may have."""
    try:
        tracked = int(TRACKED.read_text())
    except (OSError, ValueError):
        tracked = TRACKED_USUALLY
    return max(1024, tracked // FLOWS_SHARE)


def rules(plan: Plan) -> str:
    """A table that replaces itself in one step, for `nft -f`.

    What a sandbox sends is judged before any address of it could be translated. There is no IPv6 in a sandbox. Refusals
    are answered, so that nobody waits; but only so many, for the kernel bounds such answers for the whole machine.
    """
    servers, sandboxes = _name_servers(plan.name_servers), f'"{plan.prefix}*"'
    refused = [*METADATA, *(() if plan.allows_private else PRIVATE)]
    return f"""
table inet {plan.table} {{ }}
delete table inet {plan.table}
table inet {plan.table} {{
    set flows {{
        type ipv4_addr
        size 65535
        flags dynamic
    }}
    chain refused {{
        limit rate 50/second burst 100 packets reject with icmpx type admin-prohibited
        drop
    }}
    chain sent {{
        type filter hook prerouting priority mangle; policy accept;
        iifname != {sandboxes} accept
        meta nfproto != ipv4 drop
        fib saddr . iif oif missing drop
        ct state invalid drop
        icmp type redirect drop
        ct state established,related accept
        {servers}
        ip daddr {plan.network} goto refused
        fib daddr type != unicast goto refused
        ip daddr {{ {", ".join(refused)} }} goto refused
        ct state new add @flows {{ ip saddr ct count over {plan.max_flows} }} drop
    }}
    chain input {{
        type filter hook input priority filter; policy accept;
        iifname != {sandboxes} accept
        ct state established,related accept
        {servers}
        drop
    }}
    chain forward {{
        type filter hook forward priority filter; policy accept;
        iifname {sandboxes} oifname "{INTERFACES}" drop
        oifname {sandboxes} ct state established,related accept
        oifname {sandboxes} drop
        {_no_passage(plan.way_out)}
    }}
    chain output {{
        type filter hook output priority filter; policy accept;
        oifname {sandboxes} meta skuid != {plan.owner} reject with icmpx type admin-prohibited
    }}
    chain leaving {{
        type filter hook postrouting priority filter; policy accept;
        ip daddr {plan.network} oifname != {sandboxes} oifname != "lo" drop
    }}
    chain sources {{
        type nat hook postrouting priority srcnat; policy accept;
        ip saddr {plan.network} oifname != "{INTERFACES}" masquerade
    }}
}}
"""


def _name_servers(addresses: Iterable[str]) -> str:
    """They are reached wherever they are, for nothing else is looked up without them."""
    known = ", ".join(addresses)
    return f"ip daddr {{ {known} }} meta l4proto {{ tcp, udp }} th dport 53 accept" if known else ""


def _no_passage(interface: str | None) -> str:
    """The machine becomes no router for its neighbours because it is one for sandboxes."""
    return f'iifname "{interface}" oifname != "{INTERFACES}" ct state new drop' if interface else ""


def load(text: str) -> str:
    """'' when nft took the rules, all of them; else what it said."""
    return _nft("-f", "-", given=text)


def _nft(*arguments: str, given: str = "") -> str:
    """'' when nft did it; else what it said."""
    line = ["nft", *arguments]
    try:
        done = subprocess.run(line, input=given, text=True, capture_output=True, timeout=TIMEOUT_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return "" if done.returncode == 0 else done.stderr.strip() or f"it ended with code {done.returncode}"


def is_loaded(table: str) -> bool:
    """The table is still there: `nft flush ruleset` takes away those of all programs."""
    return not _nft("list", "chain", "inet", table, "sent")


def remove(table: str) -> None:
    """Takes the installation's table away."""
    load(f"table inet {table} {{ }}\ndelete table inet {table}\n")


def allow_forwarding(interface: str, claims: Path | None = None) -> bool:
    """Packets that arrive there may be passed on: for this interface only, not for the machine.

    With `claims` it is noted there that this was not so before.
    """
    switch = FORWARDING / interface / "forwarding"
    try:
        if switch.read_text().strip() != "1":
            if claims is not None:
                _note(claims, interface).touch()
            switch.write_text("1")
    except OSError:
        return False
    return True


def must_close(interface: str | None, claims: Path) -> bool:
    """The interface would pass nothing on if it were not for sandboxes."""
    return interface is not None and _note(claims, interface).exists() and not _is_router()


def _note(claims: Path, interface: str) -> Path:
    return claims / f"forwarding-{interface}"


def _is_router() -> bool:
    """The administrator lets this machine pass on packets from every interface to every other."""
    try:
        return (FORWARDING / "all" / "forwarding").read_text().strip() == "1"
    except OSError:
        return False


def default_interface() -> str | None:
    """Where packets for the internet leave the machine. Raises OSError."""
    return next((route.get("dev") for route in routes() if route["dst"] == "default"), None)


def complaint() -> str:
    """'' when nft is installed and the kernel takes every kind of rule above; else what was said."""
    table = f"greenroom_probe_{os.getpid()}"
    plan = Plan(table, "roomprobe-", "10.192.0.0/16", name_servers=("192.0.2.53",), way_out="roomprobe")
    said = load(rules(plan))
    if not said:
        remove(table)
    return said
