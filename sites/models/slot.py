"""A slot: the place that keeps its host names, credentials, instance count and sticky settings."""

from django.db import models
from django.db.models import Q

from sites.models.fields import EncryptedTextField
from sites.models.required import required
from sites.models.site import Site
from sites.models.workload import Workload

PRODUCTION = "production"
STAGING = "staging"


def environment_name_of(name: str, *, is_production: bool) -> str:
    """What instances find as their slot in header and environment, as on the service: Production, or its own name."""
    return "Production" if is_production else name


class Slot(models.Model):
    """A place of a site; a workload occupies it and its live revision answers at its host names."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="slots")
    name = models.CharField(max_length=40)
    is_production = models.BooleanField(default=False)
    instance_count = models.PositiveSmallIntegerField(default=1)
    is_running = models.BooleanField(default=True)  # wanted: STOP and START set it
    workload = models.OneToOneField(Workload, null=True, on_delete=models.SET_NULL, related_name="slot")
    live_revision = models.ForeignKey("Revision", null=True, on_delete=models.SET_NULL, related_name="live_slots")
    drain_limit_seconds = models.PositiveIntegerField(default=30)
    rollback_window_seconds = models.PositiveIntegerField(default=600)  # of production; 0: no window
    is_auto_swapped = models.BooleanField(default=False)  # each publication goes on into production
    is_https_only = models.BooleanField(default=False)  # plain HTTP is led to HTTPS
    is_in_maintenance = models.BooleanField(default=False)  # visitors get the maintenance page
    entrance_version = models.PositiveIntegerField(default=1)  # grows with each change of who may visit
    refuses_tls_1_2 = models.BooleanField(default=False)
    hsts_days = models.PositiveSmallIntegerField(default=0)  # browsers keep to HTTPS for so long; 0: it is not said
    publishing_user = models.CharField(max_length=64, unique=True)
    publishing_password = EncryptedTextField()
    deploy_branches = models.CharField(max_length=200, default="main master")  # a push to one of them is deployed
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["site__name", "-is_production", "name"]
        constraints = [
            models.UniqueConstraint(fields=["site", "name"], name="slot_name_unique_in_site"),
            models.UniqueConstraint(fields=["site"], condition=Q(is_production=True), name="one_production_slot"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """seed: Enable, step 4: the site's name, followed by (staging) for the staging slot."""
        return self.site.name if self.is_production else f"{self.site.name} ({self.name})"

    @property
    def label(self) -> str:
        """The slot in words: Production, Staging."""
        return self.name.capitalize()

    @property
    def environment_name(self) -> str:
        """See `environment_name_of`."""
        return environment_name_of(self.name, is_production=self.is_production)

    @property
    def branches(self) -> tuple[str, ...]:
        """Those whose push is deployed, the usual one first."""
        return tuple(self.deploy_branches.split())

    @property
    def current_workload(self) -> Workload:
        """Its workload; the column is empty only inside the transaction of a switch. Raises ObjectDoesNotExist."""
        return required(self.workload, "the slot's workload")
