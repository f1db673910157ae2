"""Everything that takes time: what was asked, by whom, how far it is, how it ended."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from sites.models.fields import EncryptedJSONField
from sites.models.required import required
from sites.models.site import Site
from sites.models.slot import Slot
from sites.models.state import StateModel


class OperationState(models.TextChoices):
    """The life of an operation."""

    REQUESTED = "requested", "Requested"
    RUNNING = "running", "In progress"
    WAITING = "waiting", "Prepared"  # a preview: nothing runs until a person completes or cancels it
    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


class Step(models.TextChoices):
    """Where an operation is; each is written before its work is begun."""

    REQUESTED = "requested", "Requested"
    QUEUED = "queued", "Waiting for the slot"
    FETCHING = "fetching", "Fetching the repository"
    BUILDING = "building", "Building the content"
    RELEASING = "releasing", "Running the release command"
    RESTORING = "restoring", "Putting the persistent folders back"
    PREPARING = "preparing", "Preparing the revisions"
    STARTING = "starting", "Starting the instances"
    WARMING = "warming", "Warming up every instance"
    ROUTES_OFFERED = "routes_offered", "Announcing the instances to the routers"
    PREPARED = "prepared", "Showing the preview"
    SWITCHED = "switched", "Switching the host names"
    WITHDRAWN = "withdrawn", "Taking the host names away"
    ROUTES_ACKNOWLEDGED = "routes_acknowledged", "Waiting for every router"
    STOPPING = "stopping", "Letting open requests end"
    DONE = "done", "Done"


class Operation(StateModel):
    """One request of a person or program. Notification bar, operation logs and audit are views of this row."""

    WORKING = (OperationState.REQUESTED, OperationState.RUNNING)
    OPEN = (*WORKING, OperationState.WAITING)
    FINAL = (OperationState.SUCCEEDED, OperationState.FAILED, OperationState.CANCELLED)
    GOING_ON = models.Q(state=OperationState.SUCCEEDED, ended_at=None)
    """As `goes_on`, in a query."""
    AFTER_SWITCH = (Step.SWITCHED, Step.WITHDRAWN, Step.ROUTES_ACKNOWLEDGED, Step.STOPPING, Step.DONE)
    """From there on it can no longer be cancelled."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=32)  # its name among `sites.operations.kinds`
    site = models.ForeignKey(Site, null=True, on_delete=models.SET_NULL, related_name="operations")
    subscription = models.ForeignKey("Subscription", null=True, on_delete=models.SET_NULL, related_name="operations")
    target = models.CharField(max_length=150)  # what it is about, for people; outlives the site
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="operations")
    actor_name = models.CharField(max_length=150)  # outlives the account; a slot's publishing user has no account
    state = models.CharField(max_length=16, choices=OperationState.choices, default=OperationState.REQUESTED)
    step = models.CharField(max_length=24, choices=Step.choices, default=Step.REQUESTED)
    attempt = models.PositiveIntegerField(default=1)  # fencing number (I7)
    losses = models.PositiveIntegerField(default=0)  # workers and looks that came to nothing since the step began
    claimed_by = models.CharField(max_length=200, blank=True)  # the worker that has it; empty: nobody
    claimed_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(db_default=Now())  # when a worker is to look at it
    asked_at = models.DateTimeField(null=True)  # when it was enqueued again, because nobody had come
    step_at = models.DateTimeField(db_default=Now())  # when it came to its step
    cancel_requested_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)
    borrowed_from = models.ForeignKey(
        "self", null=True, on_delete=models.SET_NULL, related_name="borrowers"
    )  # the preview whose hold this one has for its duration
    waits_for = models.ForeignKey(
        "self", null=True, on_delete=models.SET_NULL, related_name="waiting"
    )  # what has its slot; this one holds nothing until that has ended
    before = EncryptedJSONField(default=dict)  # what asking for it has replaced, by names of its kind
    outcome = models.TextField(blank=True)  # the sentence that it ended with
    error_code = models.CharField(max_length=32, blank=True)
    dismissed_at = models.DateTimeField(null=True)  # its notification was closed

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["state", "due_at"], name="operation_due"),
            models.Index(fields=["site", "-created_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.kind.replace('_', ' ')} of {self.target}"

    @property
    def is_open(self) -> bool:
        """Whether something is still to be done."""
        return self.state in self.OPEN

    @property
    def outcome_shown(self) -> str:
        """The sentence that it ended with; below it the last lines of a log, if `sites.access` has read it for somebody
        who may see them."""
        return self.outcome if getattr(self, "shows_lines", False) else self.outcome.partition("\n")[0]

    @property
    def goes_on(self) -> bool:
        """Whether it is the record of something that has not ended, such as a command; no worker has it."""
        return self.state == OperationState.SUCCEEDED and self.ended_at is None

    @classmethod
    def shown_as(cls, state: str) -> models.Q:
        """Those that people and programs see in that state."""
        own = models.Q(state=state)
        return own | cls.GOING_ON if state == OperationState.RUNNING else own & ~cls.GOING_ON

    @property
    def state_word(self) -> str:
        """Its state, for people."""
        return str((OperationState.RUNNING if self.goes_on else OperationState(self.state)).label)

    @property
    def held_site(self) -> Site:
        """The site, which stays as long as the operation is open. Raises ObjectDoesNotExist."""
        return required(self.site, "the operation's site")


class OperationStep(models.Model):
    """One step that an operation went through, with its times."""

    operation = models.ForeignKey(Operation, on_delete=models.CASCADE, related_name="steps")
    step = models.CharField(max_length=24, choices=Step.choices)
    sentence = models.CharField(max_length=300, blank=True)  # what was found: '3 of 3 instances answering'
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    is_failed = models.BooleanField(default=False)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["operation", "step"], name="step_unique_in_operation")]

    def __str__(self) -> str:
        return self.get_step_display()


class SlotHold(models.Model):
    """While an operation is open it holds the slots that it touches; the unique slot keeps all others out (I4)."""

    slot = models.OneToOneField(Slot, on_delete=models.CASCADE, related_name="hold")
    operation = models.ForeignKey(Operation, on_delete=models.CASCADE, related_name="holds")

    def __str__(self) -> str:
        return f"{self.slot} held by {self.operation}"
