"""What a client writes down of each request; plain data for the analysis."""

from dataclasses import dataclass
from enum import StrEnum


class Trouble(StrEnum):
    """Why a request counts as failed."""

    REFUSED = "connection refused"
    BROKEN = "connection ended before the answer was complete"
    TIMEOUT = "no complete answer in time"
    STATUS = "wrong status"
    BODY = "wrong body"
    CUT = "WebSocket cut before its limit"
    MOVED = "WebSocket answered by another version or slot than it began with"
    SIGNED_OUT = "the session was lost"


@dataclass(frozen=True, slots=True)
class Record:
    """One request, or one WebSocket from its handshake to its end. Times are monotonic seconds."""

    client: str
    """Requests of one client are sent one after the other, so their order has a meaning."""
    kind: str
    connection: str
    """Empty when no connection came about."""
    host: str
    sent_at: float
    """Just before the first byte was sent."""
    done_at: float
    """The complete answer was there; of a WebSocket, its handshake: the version is decided then."""
    version: str = ""
    mark: str = ""
    """The slot whose sticky settings the process holds, in its own words."""
    trouble: Trouble | None = None
    detail: str = ""
    is_reopened: bool = False
    """The server had closed the idle connection before any byte of this request was sent."""
