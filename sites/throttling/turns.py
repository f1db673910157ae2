"""How many passwords are hashed at a time, over all processes of the portal.

A hash costs a core for about half a second on purpose. Each turn is a lock on a file, which the kernel releases when
its process ends, however it ends.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from sites.errors import SignInBusy

TURNS = 2
"""So many at a time for strangers, and as many more for browsers that are known."""
WAITING = 2
"""So many may wait for a turn; each holds a thread of the portal meanwhile."""
WAIT_SECONDS = 3.0
LOOK_SECONDS = 0.05
TRY_AGAIN_SECONDS = 5


@contextlib.contextmanager
def turn(*, is_known: bool) -> Iterator[None]:
    """Within it one password may be hashed. Raises SignInBusy when too many are hashed at this moment.

    Browsers that are known have turns of their own: a crowd of strangers does not keep them waiting.
    """
    with _turn("known" if is_known else "stranger"):
        yield


@contextlib.contextmanager
def visitor_turn() -> Iterator[None]:
    """The same for a password that lets into a slot: whoever tries those keeps nobody from signing in."""
    with _turn("visitor"):
        yield


@contextlib.contextmanager
def _turn(kind: str) -> Iterator[None]:
    descriptor = _take(f"hash-{kind}", TURNS)
    if descriptor is None:
        descriptor = _wait(kind)
    if descriptor is None:
        raise SignInBusy(seconds=TRY_AGAIN_SECONDS, retry_after=TRY_AGAIN_SECONDS)
    try:
        yield
    finally:
        os.close(descriptor)


def _wait(kind: str) -> int | None:
    place = _take(f"hash-{kind}-wait", WAITING)
    if place is None:
        return None
    try:
        until = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < until:
            time.sleep(LOOK_SECONDS)
            descriptor = _take(f"hash-{kind}", TURNS)
            if descriptor is not None:
                return descriptor
        return None
    finally:
        os.close(place)


def _take(name: str, count: int) -> int | None:
    """The descriptor of the first of `count` locks that is free; closing it lets go of the lock."""
    for number in range(count):
        descriptor = os.open(Path(settings.RUN_DIR) / f"{name}-{number}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
        else:
            return descriptor
    return None
