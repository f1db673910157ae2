"""Where on the network a name leads, and whether anybody may be sent there.

Whoever connects does so to the addresses that were looked up and checked here, and to no others: what a name server
says a moment later, and what the other side redirects to, changes nothing.
"""

import ipaddress
import re
import socket
from collections.abc import Collection
from concurrent.futures import Future
from functools import partial
from urllib.parse import SplitResult

from django.conf import settings

from sites.outgoing.look_ups import Answers, LookUps
from sites.runtime.agent.addresses import claimed_blocks

LOOK_UP_SECONDS = 5.0
"""Nobody waits longer for a name server that does not answer."""
_LOOK_UPS = LookUps()
PORTS = {"https": 443, "http": 80}
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?\.?")
_NUMBERS = re.compile(r"(?:(?:0x[0-9a-f]*|[0-9]+)(?:\.|$))+", re.IGNORECASE)
"""Decimal, octal and hexadecimal numbers, as in 127.1 and 0x7f.0.0.1; 'db' and 'cafe' are names."""
CLOUD_SECRETS = tuple(
    map(
        ipaddress.ip_network,
        (
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.0/24",
            "fd00:ec2::/32",
            "fd20:ce::/32",
            "fd00:c1::/32",
            "fd00:42::/32",
        ),
    )
)
"""Where clouds tell a machine its secrets, beside link-local addresses.

By IPv4 Alibaba, Azure and Oracle; by IPv6 Amazon, Google, Oracle and Scaleway.
"""
SHARED = ipaddress.ip_network("100.64.0.0/10")
"""RFC 6598: private, although Python does not call it so."""
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class OutOfReach(Exception):
    """Where an address leads is no place to send anything to, or to fetch from."""

    def __init__(self, why: str, remedy: str, *, is_passing: bool = False) -> None:
        """Both as parts of a sentence; `is_passing`: it may be otherwise in a moment."""
        super().__init__(why)
        self.why = why
        self.remedy = remedy
        self.is_passing = is_passing


def reachable(host: str, port: int, *, setting: str, owner: str) -> list[str]:
    """Where one may connect to: what the host's name leads to now, IPv4 first.

    Looks the name up, for LOOK_UP_SECONDS at most, in the share of `owner`. `setting` holds the hosts that may lead
    anywhere. Raises OutOfReach for a name that leads nowhere, or to this machine, to sites on it, to link-local
    addresses, to where clouds keep secrets, or to private networks if PRIVATE_NETWORKS refuses them.
    """
    asked = begin_look_up(host, port, owner)
    try:
        answers = asked.result(LOOK_UP_SECONDS)
    except TimeoutError:
        asked.cancel()
        raise not_said(host) from None
    except (OSError, UnicodeError) as error:
        raise leads_nowhere(host, error) from None
    return checked(host, port, answers, setting=setting)


def begin_look_up(host: str, port: int, owner: str) -> "Future[Answers]":
    """Ask the name servers, in a thread of the owner's share; cancel it when you give up."""
    return _LOOK_UPS.begin(owner, partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM))


def checked(host: str, port: int, answers: Answers, *, setting: str) -> list[str]:
    """As `reachable`, of what a name server has answered."""
    found = {ipaddress.ip_address(str(sockaddr[0]).partition("%")[0]) for *_, sockaddr in answers}
    for address in () if is_named(host, port, getattr(settings, setting)) else found:
        if (where := _forbidden(address)) is not None:
            raise OutOfReach(
                f"'{host}' leads to {address}, {where}",
                f"Use another address, or ask the administrator to name the host in {setting}.",
            )
    return [str(address) for address in sorted(found, key=lambda one: (one.version, one))]


def not_said(host: str) -> OutOfReach:
    """The name servers do not answer."""
    return OutOfReach(
        f"no name server has said within {LOOK_UP_SECONDS:.0f} s where '{host}' leads",
        "Try again later.",
        is_passing=True,
    )


def leads_nowhere(host: str, error: Exception) -> OutOfReach:
    """The name servers know no such name."""
    return OutOfReach(
        f"the name '{host}' leads nowhere",
        "Fix it, or try again when it is known.",
        is_passing=isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN,
    )


def authority_of(scheme: str, host: str, port: int) -> str:
    """As in an address: host, and the port unless it is the usual one."""
    bracketed = f"[{host}]" if ":" in host else host
    return bracketed if port == PORTS[scheme] else f"{bracketed}:{port}"


def is_named(host: str, port: int, named: Collection[str]) -> bool:
    """Whether the host is among those that a setting names, with its port or without one."""
    bracketed = f"[{host}]" if ":" in host else host
    return bool({name.lower() for name in named} & {host, f"{host}:{port}", bracketed, f"{bracketed}:{port}"})


def is_host(host: str) -> bool:
    """Whether it is a name or an address that every program reads in the same way."""
    try:
        return ipaddress.ip_address(host) is not None
    except ValueError:
        # What looks like a number would be read as an address by some programs and as a name by others
        return bool(_HOST.fullmatch(host)) and not _NUMBERS.fullmatch(host)


def port_of(split: SplitResult) -> int:
    """The port of an address of HTTP or HTTPS. Raises ValueError for what is no port."""
    if split.port == 0:
        raise ValueError
    return split.port or PORTS[split.scheme]


def _forbidden(address: Address) -> str | None:
    """What is at an address that nobody may be sent to; None for all others."""
    mapped = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    if mapped is not None:
        return _forbidden(mapped)
    if address.is_loopback or address.is_unspecified or _is_of_this_machine(address):
        return "this machine itself"
    if any(address in block for block in claimed_blocks() if block.version == address.version):
        return "where web sites of this machine run"
    if address.is_link_local or any(
        address in network for network in CLOUD_SECRETS if network.version == address.version
    ):
        return "where clouds tell a machine its secrets"
    if address.is_multicast or address.is_reserved:
        return "which is no address of a host"
    if settings.PRIVATE_NETWORKS != "allow" and (address.is_private or (address.version == 4 and address in SHARED)):
        return "a private network"
    return None


def _is_of_this_machine(address: Address) -> bool:
    """An address can be bound on the machine that has it, and nowhere else."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True
