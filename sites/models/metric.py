"""Figures of slots over time, and the counters from which the next ones are taken."""

from django.db import models

from sites.models.slot import Slot


class MetricSample(models.Model):
    """What a slot did within a span of `seconds` that began at `began_at`."""

    slot = models.ForeignKey(Slot, on_delete=models.CASCADE, related_name="samples")
    seconds = models.PositiveIntegerField()
    began_at = models.DateTimeField()
    figures = models.JSONField()  # names of `sites.monitoring.figures` without those that are 0

    class Meta:
        constraints = [models.UniqueConstraint(fields=["slot", "seconds", "began_at"], name="one_sample_per_span")]
        indexes = [models.Index(fields=["seconds", "began_at"], name="sample_age")]

    def __str__(self) -> str:
        return f"{self.seconds} s of {self.slot} from {self.began_at}"


class MetricState(models.Model):
    """The counters as they were read last, in one row; written with the samples that were taken from them."""

    data = models.BinaryField()  # compressed JSON, see `sites.jobs.metrics`

    def __str__(self) -> str:
        return "counters"
