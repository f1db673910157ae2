"""How much the router holds at once, from the number of files that a process may have open.

A router without free descriptors can neither accept nor connect, and spins. So each kind of connection has a part of
them. Envoy raises its own soft limit to the hard limit when it starts.
"""

import resource
from dataclasses import dataclass

OWN_FILES = 512
"""Logs, listeners, the connections to the xDS server and of the administration."""
MAX_FILES = 1_048_576
"""Used if there is no limit: the default of fs.nr_open."""
MAX_CONNECTIONS = 50_000
MAX_REQUESTS = 25_000


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of one router."""

    connections: int
    """From clients. One more is closed at once."""
    requests: int
    """At the same time, with WebSockets. One more gets 503. Each needs a connection to an instance."""
    requests_of_cluster: int
    """At the same time at one revision, or at the portal. One more gets 503."""

    @property
    def connections_by_http3(self) -> int:
        """From clients, beside the others. One more is closed at once. They need memory, and no file."""
        return max(self.connections // 10, 1)

    @property
    def requests_by_http3(self) -> int:
        """At the same time by HTTP/3, beside the others. One more gets 503."""
        return max(self.requests // 4, 1)

    @property
    def connections_of_cluster(self) -> int:
        """Far more than its requests. Each thread of Envoy keeps its own idle connections. A request that may not open
        a connection would wait for one of its own thread, and would not be answered at once."""
        return 4 * self.requests_of_cluster


def bounds(files: int | None = None) -> Bounds:
    """The bounds for so many open files; by default the limit of this process.

    Half of the files are for clients. A connection to an instance stays open for a moment after its request, so there
    may be twice as many of them as requests. Therefore requests have a fifth.
    """
    usable = max((hard_limit() if files is None else files) - OWN_FILES, 128)
    requests = min(usable // 5, MAX_REQUESTS)
    return Bounds(min(usable // 2, MAX_CONNECTIONS), requests, requests // 2)


def hard_limit() -> int:
    """The most files that this process, and whatever it starts, may have open."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MAX_FILES if most == resource.RLIM_INFINITY else min(most, MAX_FILES)
