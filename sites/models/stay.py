"""Which revision the host names of a slot led to, and when."""

from django.db import models
from django.db.models import Q

from sites.models.operation import Operation
from sites.models.revision import Revision
from sites.models.slot import Slot


class Stay(models.Model):
    """One revision in one slot, from the switch that brought it to the one that took it away.

    Logs and figures of an instance belong to the slot in which its revision stayed at that time.
    """

    slot = models.ForeignKey(Slot, on_delete=models.CASCADE, related_name="stays")
    revision = models.ForeignKey(Revision, on_delete=models.CASCADE, related_name="stays")
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)  # null: it is there
    operation = models.ForeignKey(Operation, null=True, on_delete=models.SET_NULL, related_name="stays")
    figures = models.JSONField(default=dict)  # names of `sites.monitoring.figures`, of its complete minutes
    changes = models.JSONField(null=True)  # against the stay before, see `sites.monitoring.releases`; null: not yet

    class Meta:
        ordering = ["began_at", "pk"]
        indexes = [models.Index(fields=["slot"], condition=Q(changes__isnull=True), name="stay_without_comparison")]
        constraints = [
            models.UniqueConstraint(fields=["slot"], condition=Q(ended_at=None), name="one_present_stay_per_slot")
        ]

    def __str__(self) -> str:
        return f"{self.revision} in {self.slot}"
