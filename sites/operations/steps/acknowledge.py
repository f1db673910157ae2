"""Step ROUTES_ACKNOWLEDGED: every router leads visitors to what was switched to."""

from sites.errors import Unreachable
from sites.models import Swap
from sites.operations import retention, routers
from sites.operations.procedure import Progress
from sites.operations.turn import Turn

LATE_SECONDS = 30.0
"""How long an operation waits for routers that have not acknowledged; the old side waits for as long as it takes."""


def wait(turn: Turn) -> Progress:
    """Until every registered router has acknowledged the new routes, at the latest after LATE_SECONDS.

    Raises RoutesRefused when every router refuses them.
    """
    is_late = turn.seconds_at_step > LATE_SECONDS
    try:
        answer = routers.acknowledged(turn)
    except Unreachable as away:
        if is_late:
            return Progress(True, f"switched; {away}")
        raise
    if not answer.missing:
        moment = turn.now()
        retention.release(turn.site, moment)
        Swap.objects.filter(operation=turn.operation).update(acknowledged_at=moment)
        return Progress(True, answer.sentence)
    return Progress(is_late, f"switched; {answer.late} late" if is_late else answer.sentence)
