"""How far the logs of applications have been sent to the collector."""

from django.db import models


class LogDrain(models.Model):
    """One row; there is none while no collector is set."""

    data = models.BinaryField()  # compressed JSON, see `sites.jobs.telemetry`

    def __str__(self) -> str:
        return "logs sent"
