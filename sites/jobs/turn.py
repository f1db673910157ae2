"""A turn that one worker has at a time, so that what waits for strangers never holds more than one."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sites.models import PeriodicJob
from sites.models.clock import now


@contextmanager
def turn(name: str, *, seconds: float) -> Iterator[bool]:
    """Whether the turn is ours until the end; one that its worker does not give back is over after `seconds`."""
    moment = now()
    until = moment + timedelta(seconds=seconds)
    PeriodicJob.objects.get_or_create(name=name, defaults={"due_at": moment})
    is_mine = PeriodicJob.objects.filter(name=name, due_at__lte=moment).update(due_at=until) == 1
    try:
        yield is_mine
    finally:
        if is_mine:
            PeriodicJob.objects.filter(name=name, due_at=until).update(due_at=now())
