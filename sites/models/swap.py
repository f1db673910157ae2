"""What an operation changes in slots, and the record of a swap."""

from datetime import datetime
from typing import Self

from django.db import models

from sites.models.deployment import Deployment
from sites.models.fields import EncryptedJSONField
from sites.models.operation import Operation, OperationState
from sites.models.required import required
from sites.models.revision import Revision
from sites.models.slot import Slot
from sites.models.workload import Workload


class SlotChanges(models.QuerySet["SlotChange"]):
    """Changes of slots, as the steps of an operation ask for them."""

    def loaded(self) -> Self:
        """With everything that they name; what is encrypted is read when it is used."""
        found = self.select_related(
            "slot__site", "workload_before", "workload_after", "deployment_after", "revision_before", "revision_after"
        )
        return found.defer("slot__publishing_password", "revision_before__snapshot", "revision_after__snapshot")


class SlotChange(models.Model):
    """One slot before and after an operation. A swap has two, everything else that touches routes has one.

    The exchange of the two workloads, a publication, a scale, a start or a restart are all "bring
    these revisions into service in these slots", so one state machine serves them all.
    """

    operation = models.ForeignKey(Operation, on_delete=models.CASCADE, related_name="changes")
    slot = models.ForeignKey(Slot, null=True, on_delete=models.SET_NULL, related_name="changes")
    workload_before = models.ForeignKey(Workload, null=True, on_delete=models.SET_NULL, related_name="+")
    workload_after = models.ForeignKey(Workload, null=True, on_delete=models.SET_NULL, related_name="+")
    revision_before = models.ForeignKey(Revision, null=True, on_delete=models.SET_NULL, related_name="changes_from")
    revision_after = models.ForeignKey(Revision, null=True, on_delete=models.SET_NULL, related_name="changes_to")
    deployment_after = models.ForeignKey(Deployment, null=True, on_delete=models.SET_NULL, related_name="+")
    count_before = models.PositiveSmallIntegerField(default=1)
    count_after = models.PositiveSmallIntegerField(default=1)
    was_running = models.BooleanField(default=True)
    is_running_after = models.BooleanField(default=True)
    was_healthy = models.BooleanField(null=True)  # what serves `workload_after` now; null: it was not asked
    cut_count = models.PositiveIntegerField(default=0)  # connections to `revision_before` beyond the drain limit

    objects = SlotChanges.as_manager()

    class Meta:
        ordering = ["slot_id"]
        constraints = [models.UniqueConstraint(fields=["operation", "slot"], name="one_change_per_slot")]

    def __str__(self) -> str:
        return f"{self.operation}: {self.slot}"

    @property
    def starts(self) -> bool:
        """Whether a revision has to run after it."""
        return self.is_running_after and self.workload_after_id is not None

    @property
    def brings_deployment(self) -> bool:
        """Whether its deployment is one that its operation publishes."""
        return self.deployment_after is not None and self.deployment_after.operation_id == self.operation_id

    def bring(self, deployment: Deployment) -> None:
        """Save `deployment` as what the operation publishes to this slot; the change itself is not saved."""
        deployment.operation, deployment.slot, deployment.workload = self.operation, self.slot, self.occupant_after
        deployment.save()
        self.deployment_after = deployment

    def exchange_with(self, other: "SlotChange") -> None:
        """Give each of the two slots what the other one is to have; saves nothing."""
        for name in ("workload_after", "deployment_after"):
            mine, theirs = getattr(self, name), getattr(other, name)
            setattr(self, name, theirs)
            setattr(other, name, mine)

    @property
    def deployment_before(self) -> Deployment | None:
        """What the last operation to succeed has put in force in the former workload, whatever an open one has set."""
        if self.workload_before_id is None:
            return None
        done = SlotChange.objects.filter(
            workload_after=self.workload_before_id, operation__state=OperationState.SUCCEEDED
        )
        last = done.select_related("deployment_after").order_by("-operation__ended_at", "-pk").first()
        return last.deployment_after if last else None

    # What follows is there while the operation is open and its slots are held; each raises ObjectDoesNotExist

    @property
    def held_slot(self) -> Slot:
        """The slot."""
        return required(self.slot, "the slot of a change")

    @property
    def occupant_before(self) -> Workload:
        """The workload that the slot had when the operation was begun."""
        return required(self.workload_before, "the former workload of a change")

    @property
    def occupant_after(self) -> Workload:
        """The workload that the slot is to have; only a removal leaves none."""
        return required(self.workload_after, "the workload of a change")

    @property
    def prepared(self) -> Revision:
        """The revision that the step PREPARING has found or made."""
        return required(self.revision_after, "the revision of a change")

    @property
    def published(self) -> Deployment:
        """The deployment that a publication brings."""
        return required(self.deployment_after, "the deployment of a change")


class Swap(models.Model):
    """The record of one swap; its revisions are those of the operation's two changes."""

    operation = models.OneToOneField(Operation, on_delete=models.CASCADE, related_name="swap")
    source = models.ForeignKey(Slot, null=True, on_delete=models.SET_NULL, related_name="swaps_from")
    target = models.ForeignKey(Slot, null=True, on_delete=models.SET_NULL, related_name="swaps_to")
    switched_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    routes_version = models.BigIntegerField(null=True)
    requests_before = models.PositiveBigIntegerField(default=0)  # the routers' counters when the switch was near
    failures_before = models.PositiveBigIntegerField(default=0)
    requests = models.PositiveBigIntegerField(null=True)  # around the switch; null: the routers did not tell
    failures = models.PositiveBigIntegerField(null=True)
    is_preview = models.BooleanField(default=False)
    complete_requested_at = models.DateTimeField(null=True)
    settings_before = EncryptedJSONField(default=list)  # what travelled away from the target, for a roll-back
    sticky_before = models.JSONField(default=list)  # [category, name] of what stuck to the slots then
    rolled_back_by = models.OneToOneField(Operation, null=True, on_delete=models.SET_NULL, related_name="rolls_back")

    def __str__(self) -> str:
        return str(self.operation)

    @property
    def begun_at(self) -> datetime:
        """When its work was asked for: a preview waits for a person, and its swap begins with COMPLETE."""
        return self.complete_requested_at or self.operation.created_at

    @property
    def sides(self) -> tuple[Slot, Slot]:
        """Source and target. Raises ObjectDoesNotExist when one of the slots is gone."""
        return required(self.source, "the source of a swap"), required(self.target, "the target of a swap")
