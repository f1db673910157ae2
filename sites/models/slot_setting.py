"""Configuration entries, and the names that stick to their slot."""

from django.db import models
from django.db.models import Q

from sites.models.fields import EncryptedTextField
from sites.models.site import Site
from sites.models.slot import Slot
from sites.models.workload import Workload


class Category(models.TextChoices):
    """What kind of configuration an entry is (seed: About Configuration)."""

    GENERAL = "general", "general"
    APP_SETTINGS = "app_settings", "app settings"
    CONNECTION_STRINGS = "connection_strings", "connection strings"
    HANDLER_MAPPINGS = "handler_mappings", "handler mappings"
    MONITORING = "monitoring", "monitoring and diagnostics"
    DEFAULT_DOCUMENTS = "default_documents", "default documents"
    WARMUP = "warmup", "warm-up"
    MOUNTS = "mounts", "persistent folders"


class StickyName(models.Model):
    """A name whose value stays with its slot, in every slot of the site."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="sticky_names")
    category = models.CharField(max_length=32, choices=Category.choices)
    name = models.CharField(max_length=128)

    class Meta:
        ordering = ["category", "name"]
        constraints = [models.UniqueConstraint(fields=["site", "category", "name"], name="sticky_name_unique")]

    def __str__(self) -> str:
        return f"{self.category}: {self.name}"


class SlotSetting(models.Model):
    """One entry of the configuration. Owned by the slot when its name is sticky, else by the workload."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="settings")
    category = models.CharField(max_length=32, choices=Category.choices)
    name = models.CharField(max_length=128)
    value = EncryptedTextField()
    slot = models.ForeignKey(Slot, null=True, on_delete=models.CASCADE, related_name="settings")
    workload = models.ForeignKey(Workload, null=True, on_delete=models.CASCADE, related_name="settings")

    class Meta:
        ordering = ["category", "name"]
        indexes = [
            models.Index(fields=["name"], condition=Q(category=Category.MONITORING), name="setting_of_monitoring")
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(slot__isnull=False, workload__isnull=True) | Q(slot__isnull=True, workload__isnull=False),
                name="setting_has_one_owner",
            ),
            models.UniqueConstraint(
                fields=["slot", "category", "name"], condition=Q(slot__isnull=False), name="setting_unique_in_slot"
            ),
            models.UniqueConstraint(
                fields=["workload", "category", "name"],
                condition=Q(workload__isnull=False),
                name="setting_unique_in_workload",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.category}: {self.name}"

    @property
    def is_sticky(self) -> bool:
        """Whether the value stays with its slot on a swap."""
        return self.slot_id is not None
