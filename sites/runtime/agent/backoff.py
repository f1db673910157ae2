"""How long a crashed instance waits before it is started again."""

FIRST_DELAYS = (0.0, 0.5)
LONGEST_SECONDS = 30.0
RESET_AFTER_SECONDS = 60.0


class Backoff:
    """0, 0.5, 1, 2, 4 … at most 30 s; from the beginning again after a minute of running."""

    def __init__(self, crashes: int = 0) -> None:
        self.crashes = crashes

    def next_delay(self, ran_seconds: float) -> float:
        """Seconds until the next start, after a run of that length."""
        if ran_seconds >= RESET_AFTER_SECONDS:
            self.crashes = 0
        self.crashes += 1
        if self.crashes <= len(FIRST_DELAYS):
            return FIRST_DELAYS[self.crashes - 1]
        return min(LONGEST_SECONDS, 2.0 ** min(self.crashes - len(FIRST_DELAYS) - 1, 10))
