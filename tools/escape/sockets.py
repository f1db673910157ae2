"""Attempts by sockets: families that know no network namespace, parts of the kernel, and Greenroom's own parts."""

import ctypes
import errno
import os
import socket
import struct
from functools import partial
from pathlib import Path

from tools.escape.attempt import AS_ROOT, Aim, Group, attempt, register
from tools.escape.system import call

NO_FAMILY = (errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT, errno.ESOCKTNOSUPPORT)
STREAM, DATAGRAM, RAW, SEQUENCED = 1, 2, 3, 5
FAMILIES = {
    "vsock, which leads to the hypervisor": (40, STREAM),
    "vsock datagrams": (40, DATAGRAM),
    "packet": (17, RAW),
    "alg": (38, SEQUENCED),
    "key": (15, RAW),
    "can": (29, RAW),
    "tipc": (30, SEQUENCED),
    "bluetooth": (31, RAW),
    "rds": (21, SEQUENCED),
    "phonet": (35, DATAGRAM),
    "ieee802154": (36, DATAGRAM),
    "nfc": (39, SEQUENCED),
    "kcm": (41, DATAGRAM),
    "qipcrtr": (42, DATAGRAM),
    "smc": (43, STREAM),
    "xdp": (44, RAW),
    "mctp": (45, DATAGRAM),
    "ax25": (3, SEQUENCED),
    "appletalk": (5, DATAGRAM),
    "x25": (9, SEQUENCED),
    "llc": (26, STREAM),
    "pppox": (24, DATAGRAM),
}
NETLINK = {
    "socket diagnosis": 4,
    "security": 7,
    "audit": 9,
    "firewall": 12,
    "kernel events": 15,
    "generic": 16,
    "ipsec": 6,
    "crypto": 21,
}
FILTERS = {"a filter": 26, "a loaded filter": 50, "a choice among sockets": 51, "a loaded choice among sockets": 52}
"""SO_ATTACH_…: programs for the kernel, for whose memory the whole machine has one bound."""
PROTOCOLS = {"sctp": (SEQUENCED, 132), "dccp": (6, 33), "multipath tcp": (STREAM, 262), "smc": (STREAM, 256)}
CONFINED_ERRORS = frozenset({errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT, errno.EPERM, errno.ENOSYS})


def _opens(family: int, kind: int, protocol: int, _aim: Aim) -> str:
    """The filter answers before the kernel looks at anything, so no other error than its own is one of ours."""
    try:
        os.close(call("socket", family, kind, protocol))
    except OSError as error:
        if error.errno in CONFINED_ERRORS:
            raise
        return f"the kernel answered {error.strerror}"
    return "the socket was made"


for _name, (_family, _kind) in FAMILIES.items():
    register(
        f"socket {_name}",
        Group.SOCKETS,
        partial(_opens, _family, _kind, 0),
        refused_with=NO_FAMILY,
    )
for _name, _protocol in NETLINK.items():
    register(
        f"netlink {_name}",
        Group.SOCKETS,
        partial(_opens, socket.AF_NETLINK, RAW, _protocol),
        refused_with=NO_FAMILY,
    )
for _name, (_kind, _protocol) in PROTOCOLS.items():
    for _family in (socket.AF_INET, socket.AF_INET6):
        register(
            f"protocol {_name} over {_family.name}",
            Group.SOCKETS,
            partial(_opens, _family, _kind, _protocol),
            refused_with=NO_FAMILY,
        )


def _attaches(option: int, _aim: Aim) -> str:
    instruction = ctypes.create_string_buffer(struct.pack("=HBBI", 0x06, 0, 0, 0xFFFF))  # return: the whole packet
    program = ctypes.create_string_buffer(struct.pack("@HP", 1, ctypes.addressof(instruction)))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
        try:
            call("setsockopt", end.fileno(), socket.SOL_SOCKET, option, program, 16)
        except OSError as error:
            if error.errno in (errno.ENOPROTOOPT, errno.ENOSYS):
                raise
            return f"the kernel answered {error.strerror}"
    return "it was attached"


for _name, _option in FILTERS.items():
    for _where, _number in ((_name, _option), (f"{_name} with a wide number", 1 << 32 | _option)):
        register(f"{_where} at a socket", Group.SOCKETS, partial(_attaches, _number), refused_with=(errno.ENOPROTOOPT,))


@attempt(Group.SOCKETS, refused_with=NO_FAMILY)
def a_family_hidden_in_the_upper_half_of_a_register(aim: Aim) -> object:
    """The kernel takes the lower 32 bits, a filter compares all 64."""
    return _opens((1 << 32) | 40, STREAM, 0, aim)


@attempt(Group.SOCKETS, refused_with=(*NO_FAMILY, errno.EOPNOTSUPP))
def a_pair_of_vsock_sockets(_aim: Aim) -> object:
    """socketpair(AF_VSOCK)."""
    return socket.socketpair(socket.AF_VSOCK, socket.SOCK_STREAM)


@attempt(Group.SOCKETS, refused_with=(*NO_FAMILY, errno.EOPNOTSUPP))
def a_pair_of_tipc_sockets(_aim: Aim) -> object:
    """socketpair(AF_TIPC), the one family beside AF_UNIX that has pairs."""
    return socket.socketpair(30, SEQUENCED)


@attempt(Group.SOCKETS)
def packets_of_ones_own_making(_aim: Aim) -> object:
    """A raw IP socket."""
    return socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)


@attempt(Group.SOCKETS, refused_with=NO_FAMILY)
def packets_with_a_header_of_ones_own(_aim: Aim) -> object:
    """IPPROTO_RAW."""
    return socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)


@attempt(Group.SOCKETS, refused_with=NO_FAMILY)
def the_sockets_of_greenrooms_parts(aim: Aim) -> object:
    """Agent, Redis, xDS server, Envoy's administration, portal."""
    for path in aim.sockets:
        with socket.socket(socket.AF_UNIX) as end:
            if end.connect_ex(path) == 0:
                return f"{path} took the connection"
    return ""


@attempt(Group.SOCKETS, modes=AS_ROOT)
def abstract_sockets_of_the_host(_aim: Aim) -> object:
    """Names without a file belong to a network namespace."""
    rows = Path("/proc/net/unix").read_text().splitlines()[1:]
    return [row.split()[-1] for row in rows if row.split()[-1].startswith("@")]


@attempt(Group.SOCKETS)
def the_systems_message_bus(_aim: Aim) -> object:
    """D-Bus, systemd, containers' engines."""
    for path in ("/run/dbus/system_bus_socket", "/run/systemd/private", "/run/docker.sock", "/run/containerd.sock"):
        with socket.socket(socket.AF_UNIX) as end:
            if end.connect_ex(path) == 0:
                return f"{path} took the connection"
    return ""
