"""What the last check of a web endpoint found."""

from django.db import models

from sites.models.fields import EncryptedTextField
from sites.models.slot import Slot


class EndpointCheck(models.Model):
    """One row for each web endpoint that was checked. It says nothing of another address than its own."""

    slot = models.ForeignKey(Slot, on_delete=models.CASCADE, related_name="endpoint_checks")
    name = models.CharField(max_length=16)  # one of `sites.monitoring.endpoints`
    url = EncryptedTextField()  # that was asked: a swap may have brought another one since
    checked_at = models.DateTimeField()
    status = models.PositiveIntegerField(null=True)  # null: nothing was answered
    milliseconds = models.PositiveIntegerField(null=True)
    fault = models.CharField(max_length=300, blank=True)  # why it is a failed check, as a sentence

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["slot", "name"], name="one_check_per_endpoint")]

    def __str__(self) -> str:
        return f"{self.name} of {self.slot}"
