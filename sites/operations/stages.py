"""How each step of an operation is done."""

from sites.models import Step
from sites.operations import sides
from sites.operations.procedure import Stage
from sites.operations.steps import (
    acknowledge,
    build,
    fetch,
    offer,
    prepare,
    queue,
    restore_folders,
    show_preview,
    start,
    switch,
    wait_for_end,
    warm_up,
    withdraw,
)

STAGES = {
    stage.step: stage
    for stage in (
        Stage(Step.QUEUED, queue.wait, limit_seconds=queue.LIMIT_SECONDS),
        Stage(
            Step.FETCHING,
            fetch.work_fetch,
            enter=fetch.begin_fetch,
            clean_up=fetch.forget_fetch,
            limit_seconds=1200.0,
            hang_seconds=900.0,  # what was fetched is unpacked in one look
        ),
        Stage(
            Step.BUILDING, build.work_build, enter=build.begin_build, clean_up=build.forget_runs, limit_seconds=2400.0
        ),
        Stage(Step.RELEASING, build.work_release, limit_seconds=1200.0),
        Stage(Step.RESTORING, restore_folders.restore, undo=restore_folders.move_back),
        Stage(Step.PREPARING, enter=prepare.prepare, undo=prepare.give_up),
        Stage(Step.STARTING, start.start, limit_seconds=start.limit_seconds, late=start.late),
        Stage(Step.WARMING, warm_up.warm_up, clean_up=sides.end_probes, limit_seconds=warm_up.limit_seconds),
        Stage(Step.ROUTES_OFFERED, offer.wait, enter=offer.offer, limit_seconds=offer.LIMIT_SECONDS, late=offer.late),
        Stage(Step.PREPARED, show_preview.wait, enter=show_preview.show, undo=show_preview.withdraw),
        Stage(Step.SWITCHED, switch.announce, enter=switch.switch, undo=switch.switch_back),
        Stage(Step.WITHDRAWN, switch.announce, enter=withdraw.withdraw, undo=withdraw.give_back),
        Stage(Step.ROUTES_ACKNOWLEDGED, acknowledge.wait),
        Stage(Step.STOPPING, wait_for_end.wait),
    )
}
