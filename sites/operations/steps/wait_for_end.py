"""Step STOPPING: the instances of a site that is deleted end their requests."""

from django.db.models import Max

from sites.models import Revision
from sites.models.clock import seconds_since
from sites.operations.procedure import Progress
from sites.operations.turn import Turn

MARGIN_SECONDS = 120.0
"""How long the end of an instance and a router that is late may take beyond the drains."""


def wait(turn: Turn) -> Progress:
    """Until the site's last instance has ended, or until its drains and cuts must be over for long.

    What runs then nevertheless belongs to no row any more, and is ended for that.
    """
    left = Revision.objects.filter(site=turn.site, state__in=Revision.OPEN)
    count, drain = left.count(), left.aggregate(most=Max("slot__drain_limit_seconds"))["most"] or 0
    if not count:
        return Progress(True, "all instances have ended")
    is_over = seconds_since(turn.operation.step_at) > 2 * drain + MARGIN_SECONDS
    return Progress(is_over, f"{count} revisions still end their requests")
