"""The modes of a web site, and what each allows: the one table of their limits."""

from dataclasses import dataclass

from django.db import models

from sites.counted import counted
from sites.models.instance_size import InstanceSize


@dataclass(frozen=True, slots=True)
class ModeLimits:
    """What a web site of a mode may have."""

    instances: int
    """Of each slot."""
    domains: int
    """Custom domain names of each slot."""
    certificates: int
    """TLS certificates of each slot."""
    has_staging: bool
    has_autoscale: bool
    """Of production."""
    has_endpoints: bool
    """Web endpoints of each slot, asked regularly."""
    sizes: tuple[InstanceSize, ...]
    """That an instance may have, the smallest first."""

    @property
    def sentence(self) -> str:
        """For people who choose a mode."""
        instances = counted(self.instances, "instance")
        instances = instances if self.instances == 1 else f"1 to {instances}"
        domains = f"up to {counted(self.domains, 'custom domain name')}" if self.domains else "no custom domain names"
        certificates = f"up to {counted(self.certificates, 'certificate')}" if self.certificates else "no certificates"
        sizes = _sizes_in_words(self.sizes)
        autoscale = "autoscale of production, " if self.has_autoscale else ""
        staging = "and staged publishing" if self.has_staging else "and no staged publishing"
        return f"{instances} and {domains} for each slot, {certificates}, {sizes}, {autoscale}{staging}."


class Mode(models.TextChoices):
    """seed: Overview; only Standard sites have staged publishing."""

    FREE = "free", "Free"
    SHARED = "shared", "Shared"
    STANDARD = "standard", "Standard"

    @property
    def limits(self) -> ModeLimits:
        """What a web site of this mode may have."""
        return LIMITS[self]

    @property
    def max_instances(self) -> int:
        """Upper bound of a slot's instance count."""
        return self.limits.instances


def _sizes_in_words(sizes: tuple[InstanceSize, ...]) -> str:
    if InstanceSize.OWN in sizes:
        return "instances of any size"
    return f"{' or '.join(size.caption for size in sizes)} instances"


LIMITS = {
    Mode.FREE: ModeLimits(
        instances=1,
        domains=0,
        certificates=0,
        has_staging=False,
        has_autoscale=False,
        has_endpoints=False,
        sizes=(InstanceSize.SMALL,),
    ),
    Mode.SHARED: ModeLimits(
        instances=6,
        domains=20,
        certificates=0,
        has_staging=False,
        has_autoscale=False,
        has_endpoints=False,
        sizes=(InstanceSize.SMALL, InstanceSize.MEDIUM),
    ),
    Mode.STANDARD: ModeLimits(
        instances=10,
        domains=100,
        certificates=100,
        has_staging=True,
        has_autoscale=True,
        has_endpoints=True,
        sizes=tuple(InstanceSize),
    ),
}
