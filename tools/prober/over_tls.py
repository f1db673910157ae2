"""Clients over TLS: for each version of HTTP and each host name one that reads and one that sends."""

from collections.abc import Callable, Sequence

from tools.prober import kinds
from tools.prober.client import Client
from tools.prober.http import Connection, Secure, Wire
from tools.prober.http2 import Http2Connection

Make = Callable[[str, int, str, Secure], Wire]
HTTP_1, HTTP_2, HTTP_3 = "HTTP/1.1 over TLS", "HTTP/2", "HTTP/3"


_ALWAYS: dict[str, Make] = {HTTP_1: Connection, HTTP_2: Http2Connection}

try:
    from tools.prober.http3 import Http3Connection
except ImportError:  # its library is one of the packages for tests
    WIRES = _ALWAYS
else:
    WIRES = _ALWAYS | {HTTP_3: Http3Connection}
"""Version → what makes a connection to an address and a port, with a name."""


def clients(
    name: str, address: kinds.Address, hosts: Sequence[str], authority: str, versions: Sequence[str] = tuple(WIRES)
) -> list[Client]:
    """Whose connections are checked by the certificates in the file `authority`."""
    made: list[Client] = []
    for version in versions:
        for host in hosts:
            for make, what in ((kinds.keep_alive, "GET"), (kinds.post, "POST")):
                title = f"{name} {version} {what} {host}"
                wire = WIRES[version](*address, title, Secure(host, authority))
                made.append(make(title, address, (host,), kind=f"{version} {what}", wire=wire))
    return made
