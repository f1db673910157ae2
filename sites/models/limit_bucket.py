"""How full the buckets are that slow down guessing."""

from django.db import models


class LimitBucket(models.Model):
    """One of a fixed number of buckets; `sites.throttling.buckets` says what is counted in which."""

    number = models.PositiveIntegerField(primary_key=True)
    empty_at = models.FloatField()  # seconds since the epoch: when it will have run empty

    def __str__(self) -> str:
        return f"bucket {self.number}"
