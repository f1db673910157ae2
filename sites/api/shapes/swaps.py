"""Comparison, swap and roll-back."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from ninja import Schema
from pydantic import Field

from sites.api.shapes.common import NAME, Asked
from sites.api.shapes.sites import DeploymentShown, describe_deployment
from sites.models import Category
from sites.services.compare import Comparison, Relation
from sites.services.rollback import RollBackOffer


class SettingCompared(Schema):
    """One entry of the configuration in both slots."""

    category: Category
    name: str
    travels: bool = Field(description="false: it stays with its slot")
    relation: Relation
    source_value: str | None = Field(description="null for a hidden value, and where there is none")
    target_value: str | None


class ComparisonShown(Schema):
    """What a swap would change. Its ETag is for If-Match of a swap."""

    source: str
    target: str
    source_deployment: DeploymentShown | None
    target_deployment: DeploymentShown | None
    is_content_same: bool
    added: list[str] = Field(description="files that production would get; at most 1000")
    changed: list[str]
    gone: list[str]
    settings: list[SettingCompared]
    warnings: list[str]
    last_swap_at: datetime | None
    last_swap_by: str | None


class CopyAsked(Asked):
    """Which value, and from where."""

    from_slot: str = Field(min_length=1, max_length=40, pattern=NAME, description="the slot that has it")
    category: Category = Field(description="persistent folders are not copied: their files would stay")
    name: str = Field(min_length=1, max_length=200)


class SwapAsked(Asked):
    """A swap of production with a staging slot."""

    slot: str | None = Field(None, max_length=40, pattern=NAME, description="which staging slot; the first by default")
    preview: bool = Field(False, description="prepare it only, until it is completed or cancelled")
    if_staging: UUID | None = Field(None, description="swap only if the staging slot serves this deployment")


class ProductionAsked(Asked):
    """What production should serve."""

    deployment: UUID


class ProductionShown(Schema):
    """Production serves it already, so nothing was done."""

    state: str = Field(description="'already'")
    deployment: str


class Version(StrEnum):
    """Which version a roll-back brings where staging was altered since the swap."""

    PRESENT = "present"
    UNALTERED = "unaltered"


class RollBackAsked(Asked):
    """A roll-back of the last swap."""

    version: Version | None = Field(None, description="needed where staging was altered since the swap")
    swap: UUID | None = Field(None, description="roll back only if the last swap is this operation")


class RollBackShown(Schema):
    """What rolling back the last swap means now."""

    swap: UUID
    is_instant: bool
    is_altered: bool
    until: datetime | None = Field(description="until when it is instant")
    seconds: float = Field(description="how long the swap itself took")
    deployment: DeploymentShown | None = Field(description="what production served before")


MAX_FILES = 1000


def describe_comparison(comparison: Comparison) -> ComparisonShown:
    """For an answer."""
    content, last = comparison.content, comparison.last_swap
    deployments = [slot.current_workload.active_deployment for slot in (comparison.source, comparison.target)]
    source, target = (describe_deployment(one) if one else None for one in deployments)
    return ComparisonShown(
        source=comparison.source.name,
        target=comparison.target.name,
        source_deployment=source,
        target_deployment=target,
        is_content_same=content.is_same,
        added=list(content.added[:MAX_FILES]),
        changed=list(content.changed[:MAX_FILES]),
        gone=list(content.gone[:MAX_FILES]),
        settings=[
            SettingCompared(
                category=one.category,
                name=one.name,
                travels=one.travels,
                relation=one.relation,
                source_value=one.source_value,
                target_value=one.target_value,
            )
            for one in comparison.settings
        ],
        warnings=[notice.sentence for notice in comparison.warnings],
        last_swap_at=last.switched_at if last else None,
        last_swap_by=last.actor_name if last else None,
    )


def describe_offer(offer: RollBackOffer) -> RollBackShown:
    """For an answer."""
    return RollBackShown(
        swap=offer.swap.operation.public_id,
        is_instant=offer.is_instant,
        is_altered=offer.is_altered,
        until=offer.until,
        seconds=offer.seconds,
        deployment=describe_deployment(offer.unaltered) if offer.unaltered else None,
    )
