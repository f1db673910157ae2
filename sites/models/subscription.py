"""Who owns web sites together: a subscription and its members."""

import uuid

from django.conf import settings
from django.db import models


class Subscription(models.Model):
    """A group of web sites with the people who may see or change them."""

    name = models.CharField(max_length=64, unique=True)
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, through="Membership", related_name="subscriptions")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    """What a member may do."""

    OWNER = "owner", "owner"  # all, and people
    CONTRIBUTOR = "contributor", "contributor"  # all but people
    READER = "reader", "reader"  # look


class Membership(models.Model):
    """One person's role in one subscription."""

    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role.choices, default=Role.READER)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subscription", "user"], name="one_role_per_member")]

    def __str__(self) -> str:
        return f"{self.user} ({self.role})"

    @property
    def may_write(self) -> bool:
        """Owners and contributors change things."""
        return self.role in (Role.OWNER, Role.CONTRIBUTOR)
