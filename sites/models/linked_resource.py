"""Databases that belong to a web site: named by a connection string of production, and checked again and again."""

from django.db import models

from sites.models.site import Site


class Engine(models.TextChoices):
    """What can be linked."""

    POSTGRESQL = "postgresql", "PostgreSQL"
    REDIS = "redis", "Redis"


class Health(models.TextChoices):
    """What the last check found."""

    UNKNOWN = "unknown", "not checked yet"
    GOOD = "good", "answers"
    BAD = "bad", "does not answer"


class LinkedResource(models.Model):
    """One link. The secret is not here: it is the connection string of this name that production has at present."""

    MOST = 10  # of one web site

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="linked_resources")
    name = models.CharField(max_length=128)
    engine = models.CharField(max_length=16, choices=Engine.choices)
    health = models.CharField(max_length=8, choices=Health.choices, default=Health.UNKNOWN)
    finding = models.CharField(max_length=500, blank=True)  # why it does not answer
    since = models.DateTimeField(null=True)  # of the present health
    checked_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(db_index=True)  # of the next check
    is_awaited = models.BooleanField(default=True)  # somebody has asked for it

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["site", "name"], name="resource_once_per_site")]

    def __str__(self) -> str:
        return self.name
