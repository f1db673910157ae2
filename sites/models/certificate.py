"""A TLS certificate of a slot, or of the installation, with its key encrypted."""

from datetime import datetime

from django.db import models

from sites.models.fields import EncryptedTextField
from sites.models.slot import Slot

WARNING_DAYS = (30, 7, 1, -1)
"""So many days before its end people are warned; -1: it has ended."""


class Certificate(models.Model):
    """Given to clients at the host names that are bound to it; stays with its slot through every swap."""

    # None: the installation's own, given where its AutomaticCertificate says
    slot = models.ForeignKey(Slot, null=True, on_delete=models.CASCADE, related_name="certificates")
    chain = models.TextField()  # PEM, the leaf first
    key = EncryptedTextField()  # PEM, PKCS #8
    names = models.JSONField()  # host names and wildcards (subject alternative names)
    issuer = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64)  # SHA-256 of the leaf, hex
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()
    warned_days = models.SmallIntegerField(null=True)  # the last warning: so many days before its end
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["not_after", "pk"]
        constraints = [models.UniqueConstraint(fields=["slot", "fingerprint"], name="certificate_once_in_slot")]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """Its first names."""
        shown = ", ".join(self.names[:3])
        return f"{shown} and {len(self.names) - 3} more" if len(self.names) > 3 else shown

    def days_left(self, moment: datetime) -> int:
        """Whole days from `moment` to its end; below 0 when that is over."""
        return (self.not_after - moment).days

    def covers(self, host: str) -> bool:
        """Whether it is good for a host name; a wildcard stands for one label (RFC 9525, 6.3)."""
        return host in self.names or f"*.{host.partition('.')[2]}" in self.names
