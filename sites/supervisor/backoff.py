"""How long to wait before a process that died is started again: not at all after a run that lasted."""

from dataclasses import dataclass


@dataclass(slots=True)
class Backoff:
    """No wait after a run that lasted, then doubling ones."""

    first_seconds: float = 0.1
    longest_seconds: float = 15.0
    steady_seconds: float = 10.0
    """A run of this length counts as healthy."""
    _next_seconds: float = 0.0

    def after(self, run_seconds: float) -> float:
        """Seconds to wait after a run that lasted `run_seconds`."""
        if run_seconds >= self.steady_seconds:
            self._next_seconds = self.first_seconds
            return 0.0
        wait = self._next_seconds or self.first_seconds
        self._next_seconds = min(wait * 2, self.longest_seconds)
        return wait
