"""What became of connections, counted."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Tally:
    """Counts by kind of connection."""

    open_now: Counter[str] = field(default_factory=Counter)
    ended: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(kind, how): a status, `closed` or `refused`."""

    def by_kind(self) -> dict[str, dict[str, int]]:
        """For a report: kind → how → number."""
        found: dict[str, dict[str, int]] = {}
        for (kind, how), count in sorted(self.ended.items()):
            found.setdefault(kind, {})[how] = count
        return found
