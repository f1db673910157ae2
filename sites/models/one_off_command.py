"""Commands that people run once in the sandbox of a slot, from the portal or by the API."""

from django.db import models
from django.db.models import Exists, OuterRef, Q

from sites.models.fields import EncryptedTextField
from sites.models.operation import Operation
from sites.models.site_member import SiteMember
from sites.models.slot import Slot
from sites.models.subscription import Membership, Role


class OneOffCommandQuerySet(models.QuerySet["OneOffCommand"]):
    """Which commands may run."""

    def in_force(self) -> "OneOffCommandQuerySet":
        """Those of people who may still change the web site."""
        writes = {
            "user": OuterRef("record__actor"),
            "user__is_active": True,
            "role__in": (Role.OWNER, Role.CONTRIBUTOR),
        }
        of_all = Membership.objects.filter(subscription=OuterRef("slot__site__subscription"), **writes)
        of_site = SiteMember.objects.filter(site=OuterRef("slot__site"), **writes)
        return self.filter(Q(Exists(of_all)) | Q(Exists(of_site)))


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

    objects = OneOffCommandQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"command {self.pk}"

    @property
    def run_id(self) -> str:
        """By which the runtime knows it."""
        return f"command-{self.record.public_id.hex}"
