"""What has happened to web sites, as programs are told it."""

import uuid

from django.db import models
from django.db.models.functions import Now

from sites.models.site import Site
from sites.models.subscription import Subscription


class Event(models.Model):
    """One of the types in `sites.events.types`. It is written with the change that it tells of, and never altered."""

    number = models.BigIntegerField(null=True, unique=True)  # its place in the stream, once it has committed
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    type = models.CharField(max_length=64)
    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="events")
    site = models.ForeignKey(Site, null=True, on_delete=models.SET_NULL, related_name="events")
    subject = models.CharField(max_length=150)  # for people: 'contoso (staging)'
    sentence = models.TextField()
    data = models.JSONField(default=dict)
    only_for = models.ForeignKey("EventTarget", null=True, on_delete=models.CASCADE, related_name="+")  # of a test
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-number", "-pk"]
        indexes = [models.Index(fields=["subscription", "number"], name="event_of_subscription")]

    def __str__(self) -> str:
        return f"{self.type} of {self.subject}"
