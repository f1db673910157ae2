"""Step STOPPING: the instances of a site that is deleted end their requests."""

from sites.models import Revision
from sites.operations.procedure import Progress
from sites.operations.turn import Turn


def wait(turn: Turn) -> Progress:
    """Until the site's last instance has ended; the drain limits bound it."""
    left = Revision.objects.filter(site=turn.site, state__in=Revision.OPEN).count()
    return Progress(left == 0, f"{left} revisions still end their requests" if left else "all instances have ended")
