"""The counters from which the figures of slots are taken, as they were at the last look."""

import json
import zlib
from dataclasses import asdict, dataclass, field, fields
from typing import Self

from sites.models import MetricState

Table = dict[str, dict[str, int]]
"""Slot → name → count."""


@dataclass
class State:
    """The counters at the last look. Keys are text, as JSON has it."""

    taken: float = 0.0
    """By the steady clock of the machine."""
    process: str = ""
    """Which run of the router had counted; empty: not known."""
    codes: Table = field(default_factory=dict)
    times: Table = field(default_factory=dict)
    received: dict[str, int] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)
    processes: dict[str, list[float]] = field(default_factory=dict)
    """`revision/ordinal` → when it was started, and its processor time in milliseconds."""
    used: dict[str, float] = field(default_factory=dict)
    """Slot → when its last request was seen, by the steady clock."""
    rolled: dict[str, str] = field(default_factory=dict)
    """Span → until when samples were put together to it."""

    @classmethod
    def read(cls, data: bytes) -> Self:
        """What `packed` made, also that of an older version."""
        known = {one.name for one in fields(cls)}
        return cls(**{name: value for name, value in json.loads(zlib.decompress(data)).items() if name in known})

    def packed(self) -> bytes:
        """For the database."""
        return zlib.compress(json.dumps(asdict(self)).encode())


def read_state(row: MetricState | None) -> State:
    """What the row holds; nothing before the first look."""
    return State() if row is None else State.read(bytes(row.data))


def present_state() -> State:
    """The counters at the last look."""
    return read_state(MetricState.objects.first())
