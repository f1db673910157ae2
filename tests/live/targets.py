"""What a prowling site is told of this machine: everything listens for it, so that only rules can keep it away."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from sites.runtime.agent.addresses import gateway_of
from sites.runtime.spec import INSTANCE_PORT, InstanceStatus
from tests.live.outside import HERE, METADATA, NAME, PUBLIC, addresses_of_this_machine

PROWL = Path(__file__).parent / "prowler" / "prowl.py"
METADATA_IPV6 = ("fd00:ec2::254", "fd20:ce::254", "fd00:c1::a9fe:a9fe", "fd00:42::42")


@contextmanager
def targets(neighbour: InstanceStatus, *, former: str, unix: str, **more: tuple[str, int]) -> Iterator[dict[str, Any]]:
    """While this machine listens on its loopback, on every address it has, and on an abstract socket.

    `former` is the address of an instance that has ended, `unix` a path of one of our sockets, `more` are places that
    are not to be reached by TCP either.
    """
    octet = int(neighbour.address.split(".")[1])
    abstract_name = f"greenroom-prowled-{uuid4().hex}"
    with ExitStack() as stack:
        loopback = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        options: dict[str, Any] = {"family": socket.AF_INET6, "dualstack_ipv6": True}
        everywhere = stack.enter_context(socket.create_server(("::", 0), **options))
        datagrams = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        abstract = stack.enter_context(socket.socket(socket.AF_UNIX))
        datagrams.bind(("", 0))
        abstract.bind(f"\0{abstract_name}")
        abstract.listen()
        port = everywhere.getsockname()[1]
        own = addresses_of_this_machine()
        yield {
            "tcp": {
                "the host's loopback": ("127.0.0.1", loopback.getsockname()[1]),
                "the host's loopback by IPv6": ("::1", port),
                "the host by the gateway": (gateway_of(octet), port),
                **{f"the host by {address}": (address, port) for address in (*own, HERE)},
                **{f"metadata at {address}": (address, 80) for address in METADATA},
                **{f"metadata at {address}": (address, 80) for address in METADATA_IPV6},
                "metadata as a mapped address": (f"::ffff:{METADATA[0]}", 80),
                "a link-local neighbour": (f"{link_local()}%eth0", port),
                "another site's instance": (neighbour.address, neighbour.port),
                "a former instance's address": (former, INSTANCE_PORT),
                "an address that nobody has": (f"10.{octet}.200.200", INSTANCE_PORT),
                **more,
            },
            "udp": {
                "the host by the gateway": (gateway_of(octet), datagrams.getsockname()[1]),
                **{
                    f"the host by {address}": (address, datagrams.getsockname()[1]) for address in own if "." in address
                },
                **{f"metadata at {address}": (address, 80) for address in METADATA},
            },
            "neighbour": (neighbour.address, neighbour.port),
            "open": (PUBLIC, 80),
            "host": HERE,
            "host_port": port,
            "abstract": abstract_name,
            "unix": unix,
            "interface": NAME,
        }


def link_local() -> str:
    """This machine's, by which IPv6 neighbours would find it."""
    for line in Path("/proc/net/if_inet6").read_text().splitlines():
        digits, _, _, scope, *_ = line.split()
        if scope == "20":
            return socket.inet_ntop(socket.AF_INET6, bytes.fromhex(digits))
    return "fe80::1"


def laid_out(folder: Path, told: dict[str, Any]) -> Path:
    """A folder with the prowler and its targets."""
    folder.mkdir(exist_ok=True)
    (folder / "prowl.py").write_text(PROWL.read_text())
    (folder / "targets.json").write_text(json.dumps(told))
    return folder
