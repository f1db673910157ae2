"""The routers that must acknowledge a change before anything old is stopped."""

from django.db import models


class RouterNode(models.Model):
    """A registered router; one that is away has not acknowledged, until it is retired."""

    EXPECTED = models.Q(retired_at=None, last_seen_at__isnull=False)
    """Those that operations wait for: they have connected, and are not retired."""

    node_id = models.CharField(max_length=64, unique=True)
    last_seen_at = models.DateTimeField(null=True)
    """None until it connects, and again after it was made active."""
    retired_at = models.DateTimeField(null=True)
    certificate = models.CharField(max_length=64, blank=True)
    """Fingerprint of the newest one (SHA-256, hex); empty for a router that comes by the unix socket."""
    former_certificate = models.CharField(max_length=64, blank=True)
    """Of the one before, which is good until the newest one has been used."""
    certificate_expires_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["node_id"]

    def __str__(self) -> str:
        return self.node_id
