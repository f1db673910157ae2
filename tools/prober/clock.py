"""The clock of a load."""

import time


def now() -> float:
    """Monotonic seconds, the same for every process of the machine."""
    return time.monotonic()
