"""What is kept of a deleted slot for seven days, so that it can be made again."""

from typing import Self

from django.db import models
from django.db.models.functions import Now

from sites.models.fields import EncryptedJSONField
from sites.models.instance_size import SIZES, InstanceSize
from sites.models.mode import Mode
from sites.models.operation import Operation
from sites.models.subscription import Subscription

KEPT_DAYS = 7


class DeletedSlots(models.QuerySet["DeletedSlot"]):
    """Deleted slots, as pages ask for them."""

    def restorable(self) -> Self:
        """Those that are still kept, by the database's clock, and were not made again."""
        return self.filter(restored_by=None, expires_at__gt=Now())


class DeletedSlot(models.Model):
    """A slot as it was when it was deleted; its content and its persistent folders are kept as long as this row."""

    operation = models.ForeignKey(Operation, on_delete=models.CASCADE, related_name="deleted_slots")  # that deleted it
    restored_by = models.ForeignKey(Operation, null=True, on_delete=models.SET_NULL, related_name="restored_slots")
    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="deleted_slots")
    former_site = models.BigIntegerField()  # ids of rows that are gone; persistent folders are named after them
    former_slot = models.BigIntegerField()
    former_workload = models.BigIntegerField()

    site_name = models.CharField(max_length=40)
    mode = models.CharField(max_length=16, choices=Mode.choices)
    instance_size = models.CharField(max_length=16, choices=InstanceSize.choices)
    own_cpu_percent = models.PositiveIntegerField(default=SIZES[InstanceSize.SMALL].cpu_percent)
    own_memory_mb = models.PositiveIntegerField(default=SIZES[InstanceSize.SMALL].memory_mb)
    is_sample = models.BooleanField(default=False)
    slot_name = models.CharField(max_length=40)
    is_production = models.BooleanField()
    instance_count = models.PositiveSmallIntegerField()
    was_running = models.BooleanField()
    drain_limit_seconds = models.PositiveIntegerField()
    rollback_window_seconds = models.PositiveIntegerField()
    is_auto_swapped = models.BooleanField()
    deploy_branches = models.CharField(max_length=200, default="main master")

    content_digest = models.CharField(max_length=64, blank=True)  # empty: nothing was published to it
    build_digest = models.CharField(max_length=64, blank=True)
    kind = models.CharField(max_length=16, blank=True)
    command = models.JSONField(default=list)
    traits = models.JSONField(default=dict)
    message = models.CharField(max_length=200, blank=True)
    author = models.CharField(max_length=150, blank=True)
    deployer = models.CharField(max_length=32, blank=True)
    settings = EncryptedJSONField(default=list)  # [category, name, value] of what was in force
    visitor_rule = EncryptedJSONField(default=dict)  # others, addresses and hashed password; empty: open to everybody
    sticky_names = models.JSONField(default=list)  # [category, name] of the whole site

    deleted_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)

    objects = DeletedSlots.as_manager()

    class Meta:
        ordering = ["operation", "-is_production", "slot_name"]
        constraints = [models.UniqueConstraint(fields=["operation", "slot_name"], name="deleted_slot_unique")]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """As the slot's own was."""
        return self.site_name if self.is_production else f"{self.site_name} ({self.slot_name})"
