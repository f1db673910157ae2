"""Commands that people run once in the sandbox of a slot, from the portal or by the API."""

from django.db import models

from sites.models.fields import EncryptedTextField
from sites.models.operation import Operation
from sites.models.slot import Slot


class OneOffCommand(models.Model):
    """One of them. Who asked and when stands in its record, which also names it; what it wrote is a file."""

    slot = models.ForeignKey(Slot, null=True, on_delete=models.SET_NULL, related_name="one_off_commands")
    record = models.OneToOneField(Operation, on_delete=models.CASCADE, related_name="one_off_command")
    line = EncryptedTextField()  # as it was typed; it may have secrets in it
    is_open = models.BooleanField(default=True, db_index=True)  # it has not ended
    begun_at = models.DateTimeField(null=True)  # written before the start, which therefore happens once at most
    stopped_by = models.CharField(max_length=150, blank=True)  # who wants it to end
    exit_code = models.IntegerField(null=True)  # null: it runs, or nobody knows
    how = models.CharField(max_length=200, blank=True)  # how it ended, the end of a sentence
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"command {self.pk}"

    @property
    def run_id(self) -> str:
        """By which the runtime knows it."""
        return f"command-{self.record.public_id.hex}"
