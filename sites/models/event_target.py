"""Where events are sent, and what came of each."""

import uuid
from collections.abc import Collection

from django.conf import settings
from django.db import models
from django.db.models import Count, Exists, OuterRef, Q
from django.db.models.functions import Now

from sites.models.event import Event
from sites.models.fields import EncryptedTextField
from sites.models.site import Site
from sites.models.site_member import SiteMember
from sites.models.state import StateModel
from sites.models.subscription import Membership, Role, Subscription


class TargetFormat(models.TextChoices):
    """How a target is told."""

    CLOUDEVENTS = "cloudevents", "CloudEvents"
    SLACK = "slack", "Slack"
    TEAMS = "teams", "Microsoft Teams"
    MATRIX = "matrix", "Matrix"
    MAIL = "mail", "Mail"


class EventTargetQuerySet(models.QuerySet["EventTarget"]):
    """Which targets are told."""

    def in_force(self) -> "EventTargetQuerySet":
        """Those that are enabled and whose keeper may still change the subscription's web sites."""
        return self.filter(_has_keeper(), is_enabled=True)

    def abandoned(self) -> "EventTargetQuerySet":
        """Those that are enabled although their keeper may not change the subscription's web sites any more."""
        return self.filter(~_has_keeper(), is_enabled=True)


class EventTarget(models.Model):
    """An address that is told of events of a subscription, or of one of its web sites.

    It belongs to the subscription. Its keeper is who gave the address last: without a keeper who may change web sites
    nothing is sent to it, so nobody goes on listening after leaving.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="event_targets")
    site = models.ForeignKey(Site, null=True, on_delete=models.CASCADE, related_name="event_targets")  # null: all
    title = models.CharField(max_length=64)
    format = models.CharField(max_length=16, choices=TargetFormat.choices, default=TargetFormat.CLOUDEVENTS)
    url = EncryptedTextField()  # for some receivers it is a secret itself
    host = models.CharField(max_length=260)  # of the address, with its port: what is shown
    types = models.JSONField(default=list)  # names of `sites.events.types`
    secret = EncryptedTextField()
    keeper = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    is_enabled = models.BooleanField(default=True)
    disabled_because = models.CharField(max_length=300, blank=True)  # when no person did it
    failing_since = models.DateTimeField(null=True)  # no delivery has succeeded since
    tried_at = models.DateTimeField(null=True)  # so that every subscription has its turn
    created_at = models.DateTimeField(db_default=Now())

    objects = EventTargetQuerySet.as_manager()

    class Meta:
        ordering = ["title", "pk"]
        constraints = [models.UniqueConstraint(fields=["subscription", "title"], name="target_title_unique")]

    def __str__(self) -> str:
        return self.title

    def wants(self, event: Event) -> bool:
        """Whether it is to be told of an event."""
        is_about_it = self.subscription_id == event.subscription_id and self.site_id in (None, event.site_id)
        return is_about_it and event.only_for_id is None and event.type in self.types


class DeliveryState(models.TextChoices):
    """The life of a delivery."""

    PENDING = "pending", "Waiting"
    SUCCEEDED = "succeeded", "Delivered"
    FAILED = "failed", "Given up"


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    """Counted by target."""

    def waiting_by_target(self, target_ids: Collection[int]) -> dict[int, int]:
        """How many wait for each of these targets."""
        waiting = self.filter(target__in=target_ids, state=DeliveryState.PENDING).order_by()
        return dict(waiting.values_list("target").annotate(count=Count("pk")))


class Delivery(StateModel):
    """One event for one target: tried until it is taken, or given up."""

    OPEN = (DeliveryState.PENDING,)
    FINAL = (DeliveryState.SUCCEEDED, DeliveryState.FAILED)

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="deliveries")
    target = models.ForeignKey(EventTarget, on_delete=models.CASCADE, related_name="deliveries")
    state = models.CharField(max_length=16, choices=DeliveryState.choices, default=DeliveryState.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(db_default=Now())  # when it is to be tried, while it waits
    tried_at = models.DateTimeField(null=True)
    status = models.PositiveIntegerField(null=True)  # of the last answer
    answer = models.TextField(blank=True)  # its beginning, cleaned
    fault = models.CharField(max_length=500, blank=True)  # why the last attempt came to nothing

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["event", "target"], name="delivery_once_per_target")]
        indexes = [models.Index(fields=["state", "due_at"], name="delivery_due")]

    def __str__(self) -> str:
        return f"{self.event} to {self.target}"


def _has_keeper() -> Q:
    """The keeper's present role decides: in the subscription, or in the only site that the target is about."""
    writes = {"user": OuterRef("keeper"), "user__is_active": True, "role__in": (Role.OWNER, Role.CONTRIBUTOR)}
    of_all = Membership.objects.filter(subscription=OuterRef("subscription"), **writes)
    return Q(Exists(of_all)) | Q(Exists(SiteMember.objects.filter(site=OuterRef("site"), **writes)))
