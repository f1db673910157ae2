"""One publication of content to a workload."""

import uuid

from django.db import models
from django.db.models.functions import Now

from sites.models.state import StateModel
from sites.models.workload import Workload


class DeploymentState(models.TextChoices):
    """How far a publication is."""

    PENDING = "pending", "Pending"
    BUILDING = "building", "Building"
    STARTING = "starting", "Starting"  # its instances are being started and warmed up
    ACTIVE = "active", "Active"  # was put into service; the workload's active_deployment says which is in force
    FAILED = "failed", "Failed"


class Deployment(StateModel):
    """Content that was published, with how it is built and started."""

    OPEN = (DeploymentState.PENDING, DeploymentState.BUILDING, DeploymentState.STARTING)
    FINAL = (DeploymentState.ACTIVE, DeploymentState.FAILED)

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workload = models.ForeignKey(Workload, on_delete=models.CASCADE, related_name="deployments")
    slot = models.ForeignKey(
        "Slot", null=True, on_delete=models.SET_NULL, related_name="deployments"
    )  # that received it, wherever a swap has taken it since
    operation = models.OneToOneField(
        "Operation", null=True, on_delete=models.SET_NULL, related_name="deployment"
    )  # that publishes it; null for what a site was created with
    state = models.CharField(max_length=16, choices=DeploymentState.choices, default=DeploymentState.PENDING)
    content_digest = models.CharField(max_length=64)
    content_bytes = models.BigIntegerField(default=0)
    content_files = models.PositiveIntegerField(default=0)
    build_digest = models.CharField(max_length=64, blank=True)  # empty: runs from its content as it is
    build_bytes = models.BigIntegerField(default=0)  # on disk
    build_files = models.PositiveIntegerField(default=0)
    content_removed_at = models.DateTimeField(null=True)  # newer ones took its place: content and build are gone
    kind = models.CharField(max_length=16, blank=True)  # see Kind of sites.content.recipe
    command = models.JSONField(default=list)
    traits = models.JSONField(default=dict)  # what else its instances need: Traits of sites.planning
    message = models.CharField(max_length=200)
    author = models.CharField(max_length=150)
    deployer = models.CharField(max_length=32)  # Portal, ZipDeploy, Git, Sample
    commit = models.CharField(max_length=64, blank=True)  # of a repository; empty: it did not come by git
    branch = models.CharField(max_length=200, blank=True)
    received_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)
    failure = models.TextField(blank=True)

    class Meta:
        ordering = ["-received_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.short_id} {self.message}"

    @property
    def is_in_force(self) -> bool:
        """Whether it is what its workload serves."""
        return self.pk == self.workload.active_deployment_id

    @property
    def is_superseded(self) -> bool:
        """Whether it was put into service and something else has taken its place."""
        return self.state == DeploymentState.ACTIVE and not self.is_in_force

    @property
    def is_kept(self) -> bool:
        """Whether it has been in service and its content is still on disk, so that it can be published again."""
        return self.state == DeploymentState.ACTIVE and self.content_removed_at is None

    @property
    def seconds(self) -> int | None:
        """How long its publication took; None while it goes on."""
        return round((self.ended_at - self.received_at).total_seconds()) if self.ended_at else None

    @property
    def short_id(self) -> str:
        """Ten characters for people."""
        return self.public_id.hex[:10]
