"""Network namespaces and the pairs of interfaces that lead into them, made by ip."""

import json
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

COMPLETE = "complete"
"""What an interface is called besides its name once its pair was made to the last step."""
GATEWAY_MAC = "02:67:72:65:65:6e"
"""Of the host's end of every pair; they never meet."""
ROUTE_PROTOCOL = "114"
"""Who made a route, as `ip` shows it; no routing daemon has this number."""


def run_ip(*arguments: str, batch: list[str] | None = None) -> str:
    """Runs ip. Raises OSError with what it said when it fails."""
    line = ["ip", *arguments, *(("-batch", "-") if batch else ())]
    text = "\n".join(batch) + "\n" if batch else None
    try:
        done = subprocess.run(line, input=text, capture_output=True, text=True, timeout=20)
    except subprocess.TimeoutExpired as error:
        raise OSError(str(error)) from error
    if done.returncode != 0:
        raise OSError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def interface_file(name: str) -> Path:
    """There while the interface is."""
    return Path("/sys/class/net", name)


def namespace_file(name: str) -> Path:
    """There while the namespace is."""
    return Path("/run/netns", name)


def remove(name: str) -> None:
    """Removes the pair and the namespace of that name, as far as they are there."""
    for kind, path in (("link", interface_file(name)), ("netns", namespace_file(name))):
        if path.exists():
            try:
                run_ip(kind, "delete", name)
            except OSError:
                continue  # the kernel was faster: a pair goes when one end does


def is_complete(name: str) -> bool:
    """The namespace is there, and its pair was made to the last step."""
    try:
        alias = (interface_file(name) / "ifalias").read_text().strip()
    except OSError:
        return False
    return alias == COMPLETE and namespace_file(name).exists()


def names_with(prefix: str) -> set[str]:
    """Names of interfaces and namespaces that begin so."""
    folders = (Path("/sys/class/net"), Path("/run/netns"))
    return {entry.name for folder in folders for entry in folder.glob(f"{prefix}*")}


def have_gateway(address: str) -> None:
    """Let the host answer at this address, which all pairs lead to. Raises OSError.

    One that is there is left alone: programs on the machine are told of every change of an address.
    """
    if not run_ip("-4", "-oneline", "address", "show", "dev", "lo", "to", f"{address}/32").strip():
        run_ip("address", "add", f"{address}/32", "dev", "lo")


def remove_gateway(address: str) -> None:
    """Takes that address away, if it is there."""
    with suppress(OSError):
        run_ip("address", "delete", f"{address}/32", "dev", "lo")


def close_block(network: str) -> None:
    """Let packets for addresses of the block lead nowhere, save where a pair has one of them. Raises OSError.

    Without this route they would leave the machine by its default route, to whoever has the address there.
    """
    run_ip("route", "replace", "unreachable", network, "proto", ROUTE_PROTOCOL)


def open_block(network: str) -> None:
    """Takes that route away, if it is there."""
    with suppress(OSError):
        run_ip("route", "delete", "unreachable", network, "proto", ROUTE_PROTOCOL)


def routes() -> list[dict[str, Any]]:
    """The host's routes of IPv4 as `ip` describes them: among other keys dst, dev, type and protocol."""
    return list(json.loads(run_ip("-j", "-4", "route", "show") or "[]"))


def have_route(name: str, gateway: str, inside: str) -> None:
    """Let packets for that address find the pair. Raises OSError."""
    run_ip("route", "replace", f"{inside}/32", "dev", name, "src", gateway)


def is_closed_block(route: dict[str, Any]) -> bool:
    """Whether it is one that `close_block` made."""
    return route.get("type") == "unreachable" and route.get("protocol") == ROUTE_PROTOCOL


def make_pair(name: str, gateway: str, inside: str) -> None:
    """A namespace and a pair of interfaces between it and the host, in place of what had that name. Raises OSError.

    Neither end gets an address of IPv6. The host's end has no address of its own: each that comes or goes makes
    Chromium on the same machine give up the connections that it is just opening.
    """
    remove(name)
    run_ip(
        batch=[
            f"netns add {name}",
            f"link add {name} address {GATEWAY_MAC} type veth peer name eth0 netns {name}",
            f"link set {name} addrgenmode none",
            f"link set {name} up",
            f"route add {inside}/32 dev {name} src {gateway}",
        ]
    )
    run_ip(
        "-n",
        name,
        batch=[
            "link set lo up",
            "link set eth0 addrgenmode none",
            f"address add {inside}/32 dev eth0",
            "link set eth0 up",
            f"neighbour add {gateway} lladdr {GATEWAY_MAC} dev eth0",
            f"route add {gateway}/32 dev eth0",
            f"route add default via {gateway}",
        ],
    )
    (interface_file(name) / "ifalias").write_text(COMPLETE)
