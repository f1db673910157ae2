"""Lines about what takes long, on the terminal: pytest runs these tests without capturing."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


def report(line: str) -> None:
    """A line of progress."""
    sys.stderr.write(f"  {line}\n")
    sys.stderr.flush()


@contextmanager
def timed(what: str) -> Iterator[None]:
    """A line with the seconds that it took."""
    began = time.monotonic()
    yield
    report(f"{what}: {time.monotonic() - began:.0f} s")
