"""One process of a revision, as last seen."""

from django.db import models

from sites.models.revision import Revision


class Instance(models.Model):
    """An instance of a revision; the runtime owns the process, this row says what is known of it."""

    revision = models.ForeignKey(Revision, on_delete=models.CASCADE, related_name="instances")
    ordinal = models.PositiveSmallIntegerField()
    address = models.CharField(max_length=64, blank=True)
    port = models.PositiveIntegerField(default=0)
    observed_state = models.CharField(max_length=16, blank=True)
    restarts = models.PositiveIntegerField(default=0)
    exit_code = models.IntegerField(null=True)
    is_failing = models.BooleanField(default=False)  # ended by itself, and has not run for a minute since
    end_reason = models.CharField(max_length=16, blank=True)  # EndReason, beside the exit code
    written_places = models.JSONField(default=list)  # files and folders beside the code, which end with the instance
    written_more = models.PositiveIntegerField(default=0)  # of those that are not named
    warmed_for = models.ForeignKey("Operation", null=True, on_delete=models.SET_NULL, related_name="+")
    is_warm = models.BooleanField(default=False)  # answered a warm-up at least once: may be offered to visitors
    warmup_tries = models.PositiveSmallIntegerField(default=0)  # in the present operation
    warmup_answer = models.CharField(max_length=200, blank=True)  # the last try: '503', 'no answer within 45 s'
    warmup_tried_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["revision_id", "ordinal"]  # without the order of revisions, for which each query would join them
        constraints = [models.UniqueConstraint(fields=["revision", "ordinal"], name="ordinal_unique_in_revision")]

    def __str__(self) -> str:
        return f"instance {self.ordinal + 1} of {self.revision}"

    @property
    def place(self) -> tuple[int, int]:
        """Which instance it is: revision and ordinal."""
        return self.revision_id, self.ordinal
