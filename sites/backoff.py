"""How long to wait before what came to nothing is tried again: a process that ended, a message that nobody took."""

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
        return doubled(self.first_seconds, self.longest_seconds, self.ends - 1)


def doubled(first_seconds: float, longest_seconds: float, times: int) -> float:
    """Seconds to wait after something came to nothing for the `times`th time in a row; each time twice as long."""
    return min(first_seconds * 2 ** min(times - 1, MAX_DOUBLINGS), longest_seconds)
