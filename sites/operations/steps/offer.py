"""Step ROUTES_OFFERED: the routers know the warm instances before any host name leads there."""

from sites.errors import Failed, RoutersLate, Unreachable
from sites.models import Revision, RevisionState
from sites.operations import figures, routers, sides
from sites.operations.kind import Need
from sites.operations.procedure import Progress
from sites.operations.retention import BACK_IN_USE
from sites.operations.steps import start
from sites.operations.turn import Turn

LIMIT_SECONDS = 60.0
OUT_OF_ROUTES = (RevisionState.PREPARING, RevisionState.DRAINING)


def offer(turn: Turn) -> None:
    """Make the warm instances part of the route table. Where they were part of it all the time, nothing changes."""
    changed = 0
    own = Revision.objects.select_for_update().defer("snapshot")
    present = own.in_bulk([change.prepared.pk for change in turn.starting])
    for change in turn.starting:
        revision = present[change.prepared.pk]
        # What was kept warm may have been let go of just when this operation took hold of it
        if revision.state in OUT_OF_ROUTES:
            changed += revision.transition(OUT_OF_ROUTES, RevisionState.READY, **BACK_IN_USE)
        if revision.routed_count < change.count_after:
            changed += Revision.objects.filter(pk=revision.pk).update(routed_count=change.count_after)
    for group in sides.groups(turn):
        if group.need is not Need.ANSWERING:  # visitors meet what there is of them
            cold = group.change.prepared.instances.filter(ordinal__in=group.ordinals, is_warm=False)
            changed += cold.update(is_warm=True)
    if changed:
        turn.site.touch_routes()


def wait(turn: Turn) -> Progress:
    """Until every registered router has acknowledged the endpoints, which are where the runtime has seen the instances.

    Raises RoutesRefused, and what `start` raises.
    """
    running = start.started(turn)
    if not running.is_done:
        return running
    answer = routers.acknowledged(turn)
    if not answer.missing:
        figures.begin(turn)
    return Progress(not answer.missing, answer.sentence)


def late(turn: Turn) -> Failed | None:
    """The failure that names the routers which are missing; None where the routers are not what is late."""
    try:
        answer = routers.publish(turn.site, wait_seconds=0.0)
    except Unreachable:
        return None
    if not answer.missing:
        return None
    remedy = f"{answer.remedy}. Then try again." if answer.remedy else "Try again; ./greenroom status says more."
    return RoutersLate(
        what=turn.what, routers=answer.late, limit=f"{LIMIT_SECONDS:.0f}", holds=turn.holds, remedy=remedy
    )
