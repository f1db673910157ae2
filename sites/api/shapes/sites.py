"""Subscriptions, web sites, slots and deployments."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.conf import settings
from django.db.models import Prefetch, QuerySet
from ninja import Schema
from pydantic import Field

from sites.api.shapes.common import NAME, Asked
from sites.models import Deployment, HostName, HostNameKind, Mode, Rest, Site, Slot, SlotHold
from sites.plain_text import visible
from sites.services.names import publishing_host


class SubscriptionShown(Schema):
    """A group of web sites with their people."""

    id: UUID
    name: str


class DeploymentShown(Schema):
    """One publication."""

    id: str = Field(description="as zipdeploy answers it; PUT …/production and if_staging take it")
    state: str = Field(description="pending, building, starting, active, superseded or failed")
    message: str
    author: str
    deployer: str
    received_at: datetime
    ended_at: datetime | None
    is_in_force: bool
    failure: str


class SlotState(StrEnum):
    """What the instances of a slot do; 'unloaded': nobody came, and the next request starts them."""

    RUNNING = "running"
    STOPPED = "stopped"
    UNLOADED = "unloaded"
    STARTING = "starting"


class SlotShown(Schema):
    """A place of a web site."""

    name: str
    title: str
    is_production: bool
    is_running: bool
    is_in_maintenance: bool = Field(description="visitors get the maintenance page")
    state: SlotState
    instances: int
    addresses: list[str]
    publishing_url: str = Field(description="POST a zip there: docs/api.md")
    deployment: DeploymentShown | None = Field(description="what it serves; null is the placeholder page")
    operation: UUID | None = Field(description="the open operation that holds it")
    drain_limit_seconds: int
    rollback_window_seconds: int
    is_auto_swapped: bool


class SiteShown(Schema):
    """A web site with its slots, production first."""

    name: str
    subscription: SubscriptionShown
    mode: Mode
    created_at: datetime
    slots: list[SlotShown]


class NewSite(Asked):
    """A web site to create."""

    name: str = Field(min_length=1, max_length=64)
    subscription: UUID | None = Field(None, description="its id; needed where you may create in more than one")
    mode: Mode = Mode.STANDARD


class NewSlot(Asked):
    """Staged publishing to enable."""

    is_cloned: bool = Field(True, description="with the configuration of production")


class NewMode(Asked):
    """Another mode, and other instance counts with it."""

    mode: Mode
    instances: dict[str, int] = Field(
        default_factory=dict, max_length=20, description="by name of the slot; others keep theirs if the mode allows"
    )


class NewCount(Asked):
    """Another instance count."""

    instances: int = Field(ge=0, le=1_000_000, description="from 1 to what the mode has")


class CredentialsShown(Schema):
    """The publishing credentials of a slot."""

    user: str
    url: str
    password: str | None = Field(description="null unless it was asked for with reveal=true, which is recorded")


class NameTyped(Schema):
    """The proof that a whole web site is meant."""

    typed_name: str = Field("", max_length=64, pattern=rf"({NAME})|^$", description="the name of the web site again")


DEPLOYED = ("workload__active_deployment__workload",)
SLOTS = (
    Slot.objects.select_related("site", "hold__operation", "live_revision", *DEPLOYED)
    .defer("publishing_password", "hold__operation__before", "live_revision__snapshot")
    .prefetch_related("host_names")
)


def with_slots(found: QuerySet[Site]) -> QuerySet[Site]:
    """With all that `describe_site` reads, in a fixed number of queries."""
    return found.select_related("subscription").prefetch_related(Prefetch("slots", SLOTS))


def describe_site(site: Site) -> SiteShown:
    """For an answer; of a site from `with_slots`."""
    return SiteShown(
        name=site.name,
        subscription=SubscriptionShown(id=site.subscription.public_id, name=site.subscription.name),
        mode=Mode(site.mode),
        created_at=site.created_at,
        slots=[describe_slot(slot) for slot in site.slots.all()],
    )


def _state(slot: Slot) -> SlotState:
    rest = slot.live_revision.rest if slot.live_revision else Rest.LOADED
    if not slot.is_running:
        return SlotState.STOPPED
    return {Rest.UNLOADED: SlotState.UNLOADED, Rest.LOADING: SlotState.STARTING}.get(Rest(rest), SlotState.RUNNING)


def describe_slot(slot: Slot) -> SlotShown:
    """For an answer."""
    active = slot.workload.active_deployment if slot.workload else None
    hold: SlotHold | None = getattr(slot, "hold", None)
    return SlotShown(
        name=slot.name,
        title=slot.title,
        is_production=slot.is_production,
        is_running=slot.is_running,
        is_in_maintenance=slot.is_in_maintenance,
        state=_state(slot),
        instances=slot.instance_count,
        addresses=[address(host) for host in slot.host_names.all() if host.kind != HostNameKind.PUBLISHING],
        publishing_url=publishing_url(slot),
        deployment=describe_deployment(active) if active else None,
        operation=hold.operation.public_id if hold else None,
        drain_limit_seconds=slot.drain_limit_seconds,
        rollback_window_seconds=slot.rollback_window_seconds,
        is_auto_swapped=slot.is_auto_swapped,
    )


def describe_deployment(deployment: Deployment, *, shows_lines: bool = False) -> DeploymentShown:
    """For an answer; its workload is read as well. `shows_lines`: with the last lines of the log of what failed."""
    failure = deployment.failure if shows_lines else deployment.failure.partition("\n")[0]
    return DeploymentShown(
        id=deployment.public_id.hex,
        state="superseded" if deployment.is_superseded else deployment.state,
        message=visible(deployment.message),
        author=deployment.author,
        deployer=deployment.deployer,
        received_at=deployment.received_at,
        ended_at=deployment.ended_at,
        is_in_force=deployment.is_in_force,
        failure=visible(failure, keep="\n\t"),
    )


def address(host: HostName) -> str:
    """Where visitors reach a host name."""
    return f"http://{host.name}{_port()}/"


def publishing_url(slot: Slot) -> str:
    """Where a zip is published to the slot."""
    return f"{_publishing_address(slot)}/api/zipdeploy"


def hook_url(slot: Slot) -> str:
    """Where a webhook tells the slot to fetch."""
    return f"{_publishing_address(slot)}/deploy"


def _publishing_address(slot: Slot) -> str:
    return f"http://{publishing_host(slot.site.name, None if slot.is_production else slot.name)}{_port()}"


def _port() -> str:
    return "" if settings.PORT == 80 else f":{settings.PORT}"
