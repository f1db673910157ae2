"""Which stages each kind of operation goes through, in order."""

from collections.abc import Sequence

from sites.models import Deployment, Kind, Operation, Step
from sites.operations import deleted_slots
from sites.operations.procedure import Stage
from sites.operations.steps import build, prepare, show_preview, switch, warm_up, withdraw

START_SECONDS = 120.0

INTO_SERVICE = (
    Stage(Step.PREPARING, prepare.work_prepare, enter=prepare.prepare),
    Stage(Step.STARTING, prepare.start, limit_seconds=START_SECONDS),
    Stage(Step.WARMING, warm_up.warm_up),
    Stage(Step.OFFERED, switch.wait_until_offered, enter=switch.offer, limit_seconds=60.0),
    Stage(Step.SWITCHED, switch.switched, enter=switch.switch),
    Stage(Step.PUBLISHED, switch.wait_until_published),
)
PUBLICATION = (
    Stage(Step.BUILDING, build.work_build, enter=build.begin_build, limit_seconds=2400.0),
    Stage(Step.RELEASING, build.work_release, limit_seconds=1200.0),
    *INTO_SERVICE,
)
RESTORATION = (
    Stage(Step.PREPARING, deleted_slots.give_back_folders, enter=prepare.prepare),
    *INTO_SERVICE[1:],
)
PREVIEW = (
    *INTO_SERVICE[:-2],
    Stage(Step.PREPARED, show_preview.wait_until_shown, enter=show_preview.show),
)
REMOVAL = (
    Stage(Step.SWITCHED, switch.switched, enter=withdraw.withdraw),
    Stage(Step.PUBLISHED, switch.wait_until_published),
)
REMOVAL_OF_SITE = (*REMOVAL, Stage(Step.STOPPING, withdraw.wait_until_ended))


def stages_of(operation: Operation) -> tuple[Stage, ...]:
    """The stages of an operation; those of a preview until it is to be completed."""
    if show_preview.is_pending(operation):
        return PREVIEW
    if publishes(operation):
        return PUBLICATION
    by_kind = {
        Kind.RESTORE: RESTORATION,
        Kind.DELETE_STAGING: REMOVAL,
        Kind.DELETE_SITE: REMOVAL_OF_SITE,
    }
    return by_kind.get(Kind(operation.kind), INTO_SERVICE)


def publishes(operation: Operation) -> bool:
    """Whether it brings content that has to be built: a publication, or a creation with an upload."""
    if operation.kind == Kind.CREATE_SITE:
        return Deployment.objects.filter(operation=operation).exists()
    return operation.kind == Kind.PUBLISH


def position(operation: Operation, stages: Sequence[Stage]) -> int:
    """Index of the stage that an operation is at; -1 before the first."""
    return next((index for index, stage in enumerate(stages) if stage.step == operation.step), -1)
