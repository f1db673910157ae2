"""Attempts over the network: other sites, the host's own services, and what answers for the whole machine.

A new one is a function here. It has to fail for everything that `modes` and `kinds` name; what is not promised, as the
network of a site without root, is left out there.
"""

import errno
import os
import socket
import struct
import subprocess
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path

from tools.escape.attempt import AS_ROOT, Aim, Group, attempt, register

CONNECT_SECONDS = 1.5
UNREACHABLE = (errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENETUNREACH)
METADATA = ("169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "192.0.0.192")
"""Where clouds tell a machine its credentials."""
PORTS_OF_SERVICES = (22, 53, 80, 5432, 6379)


def _connects(address: str, port: int) -> str:
    """Refusal by a reset has come from somewhere, so it counts as reached."""
    try:
        with socket.create_connection((address, port), CONNECT_SECONDS):
            return f"{address}:{port} took the connection"
    except TimeoutError:
        return ""
    except ConnectionRefusedError:
        return f"{address}:{port} answered"


def _gateway() -> str:
    for row in Path("/proc/net/route").read_text().splitlines()[1:]:
        fields = row.split()
        if fields[1] == "00000000":
            return socket.inet_ntoa(struct.pack("<L", int(fields[2], 16)))
    return ""


@attempt(Group.NETWORK, modes=AS_ROOT, refused_with=UNREACHABLE)
def instances_of_other_sites(aim: Aim) -> object:
    """On the port that the router asks."""
    return [found for address, port in aim.neighbours if (found := _connects(address, port))]


@attempt(Group.NETWORK, modes=AS_ROOT, refused_with=(errno.ECONNREFUSED,))
def services_on_the_hosts_loopback(aim: Aim) -> object:
    """127.0.0.1 is the sandbox's own, where nothing of the host listens: a refusal is its own kernel's."""
    with socket.create_connection(("127.0.0.1", aim.loopback_port), CONNECT_SECONDS):
        return "it took the connection"


@attempt(Group.NETWORK, modes=AS_ROOT, refused_with=UNREACHABLE)
def the_host_by_its_gateway(aim: Aim) -> object:
    """What listens on every address of the host."""
    return _connects(_gateway(), aim.host_port)


def _at_the_gateway(port: int, _aim: Aim) -> object:
    return _connects(_gateway(), port)


for _port in PORTS_OF_SERVICES:
    register(
        f"port {_port} of the host",
        Group.NETWORK,
        partial(_at_the_gateway, _port),
        modes=AS_ROOT,
        refused_with=UNREACHABLE,
    )


def _at(address: str, _aim: Aim) -> object:
    return _connects(address, 80)


for _address in METADATA:
    register(
        f"the metadata service at {_address}",
        Group.NETWORK,
        partial(_at, _address),
        modes=AS_ROOT,
        refused_with=UNREACHABLE,
    )


@attempt(Group.NETWORK, modes=AS_ROOT, refused_with=UNREACHABLE)
def addresses_beside_those_of_other_sites(aim: Aim) -> object:
    """Of the same block: those that nobody has lead nowhere, and the others let nobody in."""
    beside = [
        str(IPv4Address(int(IPv4Address(address)) + step)) for address, _ in aim.neighbours for step in (4, 8, 4096)
    ]
    return [found for address in beside if (found := _reaches(address, 8080))]


def _reaches(address: str, port: int) -> str:
    try:
        return _connects(address, port)
    except OSError as error:
        if error.errno in UNREACHABLE:
            return ""
        raise


@attempt(Group.NETWORK, modes=AS_ROOT)
def a_port_below_1024(_aim: Aim) -> object:
    """Of the sandbox's own network."""
    with socket.socket() as end:
        end.bind(("0.0.0.0", 80))  # noqa: S104 - of its own namespace
        return "it was bound"


@attempt(Group.NETWORK, modes=AS_ROOT)
def an_address_of_another_site(_aim: Aim) -> object:
    """RTM_NEWADDR by the system's own program."""
    program = next((path for path in ("/usr/sbin/ip", "/usr/bin/ip") if os.path.exists(path)), None)
    if program is None:
        return ""
    for line in (("address", "add", "10.200.0.99/32", "dev", "lo"), ("link", "add", "mine", "type", "dummy")):
        if subprocess.run([program, *line], capture_output=True).returncode == 0:
            return f"ip {' '.join(line)} did it"
    return ""


@attempt(Group.NETWORK, modes=AS_ROOT)
def rules_of_the_firewall(_aim: Aim) -> object:
    """Also those of the sandbox's own network."""
    program = next((path for path in ("/usr/sbin/nft", "/usr/bin/nft") if os.path.exists(path)), None)
    if program is None:
        return ""
    done = subprocess.run([program, "list", "ruleset"], capture_output=True, text=True)
    return "" if done.returncode else f"nft listed {done.stdout!r}"
