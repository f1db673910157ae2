"""Which repeated jobs are due."""

from datetime import timedelta

from sites.models import PeriodicJob
from sites.models.clock import now


def is_due(name: str, *, seconds: float) -> bool:
    """Whether a repeated job is due; true for one caller only, who is then to run it."""
    moment = now()
    PeriodicJob.objects.get_or_create(name=name, defaults={"due_at": moment})
    due = PeriodicJob.objects.filter(name=name, due_at__lte=moment)
    return bool(due.update(due_at=moment + timedelta(seconds=seconds * 0.9)))
