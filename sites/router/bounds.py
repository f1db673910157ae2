"""How much the router holds at once, from the number of files that a process may have open.

A router that runs out of descriptors can neither accept nor connect, and spins; so each kind of connection has a part
of them. Envoy raises its own soft limit to the hard one when it starts.
"""

import resource
from dataclasses import dataclass

OWN_FILES = 512
"""Logs, listeners, the connections to the xDS server and of the administration."""
MOST_FILES = 1_048_576
"""Where there is no limit: what Linux gives to a process unless told otherwise (fs.nr_open)."""
MOST_CONNECTIONS = 50_000
MOST_REQUESTS = 25_000


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of one router."""

    connections: int
    """From clients; one more is closed at once."""
    requests: int
    """Under way, WebSockets among them; one more is answered 503. Each has a connection to an instance."""
    requests_of_cluster: int
    """Under way at the instances of one revision, or at the portal; one more is answered 503."""

    @property
    def connections_of_cluster(self) -> int:
        """Far more than its requests. Each of Envoy's threads keeps idle ones for itself, and a request that may open
        no connection waits for one of its own thread, in place of being answered at once."""
        return 4 * self.requests_of_cluster


def bounds(files: int | None = None) -> Bounds:
    """With so many open files, or as many as this process may have.

    Half of them are for clients. Connections to instances stay open for a moment after their request, so that requests
    have a fifth: there may be twice as many connections.
    """
    usable = max((hard_limit() if files is None else files) - OWN_FILES, 128)
    requests = min(usable // 5, MOST_REQUESTS)
    return Bounds(min(usable // 2, MOST_CONNECTIONS), requests, requests // 2)


def hard_limit() -> int:
    """The most files that this process, and whatever it starts, may have open."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_FILES if most == resource.RLIM_INFINITY else min(most, MOST_FILES)
