"""The routers that must acknowledge a change before anything old is stopped."""

from django.db import models


class RouterNode(models.Model):
    """A registered router; one that is away has not acknowledged, until it is retired."""

    node_id = models.CharField(max_length=64, unique=True)
    last_seen_at = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["node_id"]

    def __str__(self) -> str:
        return self.node_id
