"""How an alert rule stands in a slot: what it has seen lately, and whether it has told of it."""

from django.db import models

from sites.models.slot import Slot


class Alert(models.Model):
    """A rule whose condition is met, or was lately. A rule that is quiet has no row.

    It belongs to the slot and not to the content: figures stay with the address, while rules travel with a swap.
    """

    slot = models.ForeignKey(Slot, on_delete=models.CASCADE, related_name="alerts")
    name = models.CharField(max_length=64)
    rule = models.CharField(max_length=200)  # as it was written when the row was made
    turned_at = models.DateTimeField(null=True)  # since when the condition says the contrary of `fired_at`
    fired_at = models.DateTimeField(null=True)  # null: it has told nobody yet

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["slot", "name"], name="one_alert_per_rule")]

    def __str__(self) -> str:
        return f"{self.name} in {self.slot}"
