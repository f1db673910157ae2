"""A web site: its mode, its slots and the version of its routes."""

from django.db import models
from django.db.models import F

from sites.models.instance_size import SIZES, ChosenSize, InstanceSize, SizeFigures, chosen
from sites.models.mode import Mode
from sites.models.subscription import Subscription

SMALL = SIZES[InstanceSize.SMALL]


class Site(models.Model):
    """A web site with its production slot and perhaps a staging slot."""

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="sites")
    name = models.CharField(max_length=40, unique=True)
    mode = models.CharField(max_length=16, choices=Mode.choices, default=Mode.STANDARD)
    instance_size = models.CharField(max_length=16, choices=InstanceSize.choices, default=InstanceSize.SMALL)
    own_cpu_percent = models.PositiveIntegerField(default=SMALL.cpu_percent)  # of a core, where it has own figures
    own_memory_mb = models.PositiveIntegerField(default=SMALL.memory_mb)
    location = models.CharField(max_length=64, default="This server")
    is_sample = models.BooleanField(default=False)
    routes_version = models.BigIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_standard(self) -> bool:
        """Whether staged publishing and swaps are possible."""
        return Mode(self.mode).limits.has_staging

    @property
    def max_instances(self) -> int:
        """Upper bound of each slot's instance count."""
        return Mode(self.mode).max_instances

    @property
    def size(self) -> ChosenSize:
        """The size of each of its instances."""
        return chosen(self.instance_size, SizeFigures(self.own_cpu_percent, self.own_memory_mb))

    def take_size(self, wanted: ChosenSize) -> None:
        """Have that size; saves nothing. The own figures of before stay where a named size is taken."""
        self.instance_size = wanted.size
        if wanted.size == InstanceSize.OWN:
            self.own_cpu_percent, self.own_memory_mb = wanted.figures.cpu_percent, wanted.figures.memory_mb

    def touch_routes(self) -> int:
        """Raise `routes_version`; belongs in the transaction of every change of a row that routes depend on (I6)."""
        Site.objects.filter(pk=self.pk).update(routes_version=F("routes_version") + 1)
        self.refresh_from_db(fields=["routes_version"])
        return self.routes_version
