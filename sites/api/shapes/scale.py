"""The scale of a web site: mode, size of the instances, counts, and what that takes of the machine."""

from ninja import Schema
from pydantic import Field

from sites.api.shapes.common import Asked
from sites.capacity import Cost, cost_of
from sites.models import ChosenSize, InstanceSize, Mode, Site
from sites.models.instance_size import LEAST, MOST


class SizeShown(Schema):
    """The limits of each instance."""

    name: InstanceSize
    cpu_percent: int = Field(description="of one core: 200 is two cores")
    memory_mb: int


class CostShown(Schema):
    """What limits add up to. Nothing is kept free for them; docs/scale.md says what that means."""

    memory_mb: int = Field(description="of all instances of this web site")
    cores: float
    all_memory_mb: int = Field(description="of all web sites")
    all_cores: float
    machine_memory_mb: int = Field(description="what this machine has for web sites")
    machine_cores: int
    allowed_memory_mb: int = Field(description="what all limits may add up to; 0: without bound")


class ModeShown(Schema):
    """What a web site may have in a mode."""

    name: Mode
    title: str
    instances: int = Field(description="at most, of each slot")
    domains: int = Field(description="custom domain names of each slot, at most")
    has_staging: bool
    has_endpoints: bool = Field(description="whether its slots can have web endpoints")


class ScaleShown(Schema):
    """The scale of a web site."""

    mode: Mode
    size: SizeShown
    sizes: list[InstanceSize] = Field(description="that the mode has")
    instances: dict[str, int] = Field(description="by name of the slot")
    most: int = Field(description="instances of a slot in this mode")
    modes: list[ModeShown]
    cost: CostShown


class NewSize(Asked):
    """Another size of all instances, and other counts with it."""

    size: InstanceSize
    cpu_percent: int | None = Field(None, ge=LEAST.cpu_percent, le=MOST.cpu_percent, description="of size own")
    memory_mb: int | None = Field(None, ge=LEAST.memory_mb, le=MOST.memory_mb, description="of size own")
    instances: dict[str, int] = Field(default_factory=dict, max_length=20, description="by name of the slot")


def describe_scale(site: Site) -> ScaleShown:
    """For an answer."""
    slots = list(site.slots.all())
    size, mode = site.size, Mode(site.mode)
    cost = cost_of(site, {slot.pk: slot.instance_count for slot in slots if slot.is_running}, size)
    return ScaleShown(
        mode=mode,
        size=_size(size),
        sizes=list(mode.limits.sizes),
        instances={slot.name: slot.instance_count for slot in slots},
        most=mode.max_instances,
        modes=[_mode(one) for one in Mode],
        cost=_cost(cost),
    )


def _mode(mode: Mode) -> ModeShown:
    limits = mode.limits
    return ModeShown(
        name=mode,
        title=mode.label,
        instances=limits.instances,
        domains=limits.domains,
        has_staging=limits.has_staging,
        has_endpoints=limits.has_endpoints,
    )


def _size(size: ChosenSize) -> SizeShown:
    return SizeShown(name=size.size, cpu_percent=size.figures.cpu_percent, memory_mb=size.figures.memory_mb)


def _cost(cost: Cost) -> CostShown:
    return CostShown(**{name: getattr(cost, name) for name in CostShown.model_fields})
