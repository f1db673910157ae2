"""A network beyond this machine, made for a test: whoever is asked there answers, so that only rules can refuse."""

import json
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sites.runtime.agent import firewall
from sites.runtime.agent.links import run_ip

NAME = "grbeyond"
"""Of the namespace, and of this machine's interface to it."""
HERE, THERE = "198.51.100.1", "198.51.100.2"
PUBLIC, PRIVATE, SHARED, NAME_SERVER = "198.51.100.77", "172.31.255.77", "100.64.255.77", "172.31.255.53"
TRANSLATED = "198.51.100.78"
METADATA = ("169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "192.0.0.192")
LISTENER = textwrap.dedent(
    """
    import socket, socketserver, sys, threading
    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            data = self.request[0] if isinstance(self.request, tuple) else self.request.recv(100)
            print(self.client_address[0], flush=True)
            if isinstance(self.request, tuple):
                self.request[1].sendto(b"here", self.client_address)
            else:
                self.request.sendall(b"here")
    socketserver.ThreadingTCPServer.allow_reuse_address = True
    servers = [socketserver.ThreadingTCPServer(("", port), Handler) for port in (53, 80)]
    servers += [socketserver.UDPServer((one, port), Handler) for one in sys.argv[1:] for port in (53, 80)]
    for server in servers:
        threading.Thread(target=server.serve_forever).start()
    print("ready", flush=True)
    """
)


@contextmanager
def outside(*more: str) -> Iterator[None]:
    """Meanwhile all these addresses and `more` are reached by this machine, and listen on 53 and 80 of TCP and UDP."""
    addresses = (PUBLIC, PRIVATE, SHARED, NAME_SERVER, *METADATA, *more)
    _remove()
    try:
        run_ip("netns", "add", NAME)
        run_ip("link", "add", NAME, "type", "veth", "peer", "name", "eth0", "netns", NAME)
        run_ip(batch=[f"address add {HERE}/30 dev {NAME}", f"link set {NAME} up"])
        run_ip(
            "-n",
            NAME,
            batch=[
                "link set lo up",
                *(f"address add {address}/32 dev lo" for address in addresses),
                f"address add {THERE}/30 dev eth0",
                "link set eth0 up",
                f"route add default via {HERE}",
            ],
        )
        run_ip(batch=[f"route add {address}/32 via {THERE} dev {NAME}" for address in addresses])
        Path(f"/proc/sys/net/ipv4/conf/{NAME}/forwarding").write_text("1")
        line = ["ip", "netns", "exec", NAME, sys.executable, "-c", LISTENER, *addresses]
        with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as listener:
            assert listener.stdout is not None and listener.stdout.readline() == "ready\n"
            try:
                yield
            finally:
                listener.kill()
    finally:
        _remove()


@contextmanager
def translated(port: int) -> Iterator[None]:
    """Meanwhile another program's rule leads from TRANSLATED to this machine, as those of container engines do."""
    rule = f"ip daddr {TRANSLATED} tcp dport 80 dnat to {HERE}:{port}"
    chain = f"chain prerouting {{\n type nat hook prerouting priority dstnat\n {rule}\n }}"
    assert firewall.load(f"table ip {NAME} {{\n {chain}\n }}\n") == ""
    try:
        yield
    finally:
        subprocess.run(["nft", "delete", "table", "ip", NAME], check=True)


def addresses_of_this_machine() -> list[str]:
    """Of IPv4 and IPv6, beside its loopback and link-local ones."""
    interfaces = json.loads(run_ip("-j", "address", "show", "scope", "global"))
    return [
        address["local"]
        for interface in interfaces
        if interface.get("ifname") not in (None, "lo", NAME)
        for address in interface["addr_info"]
        if "local" in address
    ]


def _remove() -> None:
    for kind in ("link", "netns"):
        subprocess.run(["ip", kind, "delete", NAME], capture_output=True)
