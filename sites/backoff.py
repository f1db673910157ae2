"""How long to wait before a process that ended is started again."""

from dataclasses import dataclass

MAX_DOUBLINGS = 30


@dataclass(slots=True)
class Backoff:
    """No wait after the first end, then waits that double; from the beginning again after a run that lasted."""

    first_seconds: float
    longest_seconds: float
    steady_seconds: float
    """A run of this length counts as healthy."""
    ends: int = 0
    """In a row, each soon after its start."""

    def after(self, run_seconds: float) -> float:
        """Seconds to wait after a run that lasted `run_seconds`."""
        if run_seconds >= self.steady_seconds:
            self.ends = 0
        self.ends += 1
        if self.ends == 1:
            return 0.0
        return min(self.first_seconds * 2 ** min(self.ends - 2, MAX_DOUBLINGS), self.longest_seconds)
