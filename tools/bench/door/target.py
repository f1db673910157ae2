"""What there is to be reached, and with which credentials; plain data for the processes of the measurement."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Slot:
    """A slot that can be published to."""

    publishing_host: str
    credentials: str
    """User and password as HTTP Basic sends them."""


@dataclass(frozen=True)
class Target:
    """An installation."""

    address: tuple[str, int]
    portal: str
    """Its Host header."""
    session: str
    """The cookies of a person who is signed in."""
    stranger: str
    """The cookie that a stranger needs for a form to be read at all."""
    token: str
    """The value that both hold for forms."""
    sites: tuple[str, ...]
    """Host names that answer pages with their checksum."""
    pipelines: tuple[Slot, ...]
    uploaded: Slot
    published_path: str
    """Of the PUBLISH form of another slot."""
    large_path: str
    """A large file that anybody may read, at the portal."""
    log_path: str
    """A large log, at the publishing host of `uploaded`."""
    small_zip: Path
    large_zip: Path
