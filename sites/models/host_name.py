"""The names under which a slot is reached."""

from django.db import models

from sites.models.certificate import Certificate
from sites.models.slot import Slot


class HostNameKind(models.TextChoices):
    """What answers at a host name."""

    DEFAULT = "default", "default"  # the slot's own address: NAME.SUFFIX, NAME-SLOT.SUFFIX
    CUSTOM = "custom", "custom"  # a domain of the person's own
    PUBLISHING = "publishing", "publishing"  # where publishing clients connect: NAME.scm.SUFFIX


class HostName(models.Model):
    """One host name; it stays with its slot through every swap."""

    name = models.CharField(max_length=253, unique=True)  # an A-label, lower case, no dot at the end
    slot = models.ForeignKey(Slot, on_delete=models.CASCADE, related_name="host_names")
    kind = models.CharField(max_length=16, choices=HostNameKind.choices)
    certificate = models.ForeignKey(Certificate, null=True, on_delete=models.SET_NULL, related_name="host_names")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
