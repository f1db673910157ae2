"""A workload made runnable for one slot: an immutable snapshot, known by its fingerprint."""

import json

from django.db import models
from django.db.models import Q

from sites.models.deployment import Deployment
from sites.models.fields import EncryptedTextField
from sites.models.site import SMALL, Site
from sites.models.slot import Slot
from sites.models.state import StateModel
from sites.models.workload import Workload


class RevisionState(models.TextChoices):
    """The life of a revision, in this order."""

    PREPARING = "preparing", "Preparing"  # its instances are being started
    READY = "ready", "Ready"  # warmed up, no host name leads to it yet
    SERVING = "serving", "Serving"  # some slot's live revision
    RETAINED = "retained", "Retained"  # kept warm for a roll-back
    DRAINING = "draining", "Draining"  # finishes the requests that it holds; can be revived
    STOPPING = "stopping", "Stopping"  # its instances were told to end
    STOPPED = "stopped", "Stopped"
    FAILED = "failed", "Failed"  # was never put into service


class Rest(models.TextChoices):
    """Whether a live revision has its instances, in the order in which it loses them and gets them back."""

    LOADED = "", "Loaded"
    HOLDING = "holding", "Holding"  # routers are told to hold new requests; its instances still run
    EMPTYING = "emptying", "Emptying"  # every router holds them; its last requests end
    UNLOADED = "unloaded", "Unloaded"  # it has no instances, and the next request starts them
    LOADING = "loading", "Loading"  # a request has come, and its instances are being started


def cluster_of(revision_id: int) -> str:
    """A revision's name at the routers; never used again after removal (I5)."""
    return f"r{revision_id}"


class Revision(StateModel):
    """The runnable form of one deployment under the settings in force in one slot."""

    REUSABLE = (
        RevisionState.PREPARING,
        RevisionState.READY,
        RevisionState.SERVING,
        RevisionState.RETAINED,
        RevisionState.DRAINING,
    )
    OFFERED = (*REUSABLE[1:], RevisionState.STOPPING)  # routers know their clusters
    OPEN = (*REUSABLE, RevisionState.STOPPING)
    FINAL = (RevisionState.STOPPED, RevisionState.FAILED)

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="revisions")
    workload = models.ForeignKey(Workload, null=True, on_delete=models.SET_NULL, related_name="revisions")
    slot = models.ForeignKey(Slot, null=True, on_delete=models.SET_NULL, related_name="revisions")
    deployment = models.ForeignKey(Deployment, null=True, on_delete=models.SET_NULL, related_name="revisions")
    fingerprint = models.CharField(max_length=64)
    snapshot = EncryptedTextField()  # JSON: app, command, env, mounts, limits
    state = models.CharField(max_length=16, choices=RevisionState.choices, default=RevisionState.PREPARING)
    wanted_count = models.PositiveSmallIntegerField(default=1)  # instances ordered from the runtime
    routed_count = models.PositiveSmallIntegerField(default=0)  # of these, offered to visitors: ordinals below it
    generation = models.BigIntegerField(default=1)  # of the last order to the runtime (I7)
    allows_web_sockets = models.BooleanField(default=True)
    speaks_http2 = models.BooleanField(default=False)  # its instances take HTTP/2 without TLS, and nothing else
    cpu_percent = models.PositiveIntegerField(default=SMALL.cpu_percent)  # limits of each instance, of one core
    memory_mb = models.PositiveIntegerField(default=SMALL.memory_mb)
    retained_until = models.DateTimeField(null=True)  # end of the roll-back window, also of one that goes on serving
    rest = models.CharField(max_length=16, choices=Rest.choices, default=Rest.LOADED, blank=True)
    rest_at = models.DateTimeField(null=True)  # when `rest` became what it is
    used_at = models.DateTimeField(null=True)  # the last request that was counted, or when it came into service
    failing_since = models.DateTimeField(null=True)  # an instance of it ends again and again while it serves
    released_at = models.DateTimeField(null=True)  # every router acknowledged routes without what is to be stopped
    idle_since = models.DateTimeField(null=True)  # routers hold no request of it since then
    drain_deadline = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["workload", "fingerprint"],
                condition=Q(state__in=["preparing", "ready", "serving", "retained", "draining"]),
                name="one_reusable_revision_per_fingerprint",
            )
        ]
        indexes = [models.Index(fields=["rest"], name="revision_rest")]

    def __str__(self) -> str:
        return f"revision {self.pk} of {self.site}"

    @property
    def cluster(self) -> str:
        """See `cluster_of`."""
        return cluster_of(self.pk)

    @property
    def runnable(self) -> dict:
        """The snapshot as data: keys app, command, env, mounts, limits."""
        return json.loads(self.snapshot)
