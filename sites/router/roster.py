"""Which routers there are, as the database knows them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KnownRouter:
    """One router that has connected before, or that was added by a command."""

    name: str
    must_acknowledge: bool
    """It has connected, and is not retired: an operation waits for it."""
    is_retired: bool
    certificates: tuple[str, ...] = ()
    """Fingerprints of the certificates that it may come with; empty for one that comes by the unix socket."""
