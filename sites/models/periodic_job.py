"""When a periodic job is due, so that two schedulers do no harm."""

from django.db import models


class PeriodicJob(models.Model):
    """One job that is done again and again; whoever moves `due_at` forward runs it."""

    name = models.CharField(max_length=32, primary_key=True)
    due_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
