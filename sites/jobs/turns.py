"""One turn at a time for a job that waits for strangers: it never has more than one thread of the workers."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sites.models import PeriodicJob
from sites.models.clock import now


def is_free(name: str) -> bool:
    """Whether nobody has the turn; a courtesy, `turn` is the guard."""
    return not PeriodicJob.objects.filter(name=name, due_at__gt=now()).exists()


@contextmanager
def turn(name: str, *, seconds: float) -> Iterator[bool]:
    """Whether the turn is ours to the end. Whoever dies within it keeps others out for `seconds` from its beginning."""
    moment = now()
    until = moment + timedelta(seconds=seconds)
    is_mine = PeriodicJob.objects.filter(name=name, due_at__lte=moment).update(due_at=until) == 1
    if not is_mine:
        _, is_mine = PeriodicJob.objects.get_or_create(name=name, defaults={"due_at": until})
    try:
        yield is_mine
    finally:
        if is_mine:
            PeriodicJob.objects.filter(name=name, due_at=until).update(due_at=now())
