"""Always On: instances are asked regularly, so that what they keep in memory never grows cold."""

from django.db.models import F

from sites.models import HostName, HostNameKind, Instance, Rest, Revision, RevisionState
from sites.models.clock import now
from sites.runtime.registry import get_runtime
from sites.runtime.spec import ProbeSpec

SECONDS = 30.0
"""Between two rounds, each of which asks one part of the instances; nobody waits for their answers."""
PARTS = 10
USER_AGENT = "AlwaysOn"
ANSWER_SECONDS = 10.0


def run() -> None:
    """Ask this round's part of the instances in service whose configuration says so; the answer does not matter."""
    number = int(now().timestamp() // SECONDS)
    due = Instance.objects.annotate(part=F("pk") % PARTS).filter(part=number % PARTS, is_warm=True)
    serving = Revision.objects.filter(state=RevisionState.SERVING, rest=Rest.LOADED, instances__in=due).distinct()
    loaded = {revision.pk: revision for revision in serving if revision.runnable["switches"]["always_on"]}
    names = HostName.objects.filter(slot__live_revision__in=loaded, kind=HostNameKind.DEFAULT)
    hosts = dict(names.values_list("slot__live_revision", "name"))
    get_runtime().probe(
        ProbeSpec(
            probe_id=f"always-on-{number}-{instance.pk}",
            revision_id=instance.revision_id,
            ordinal=instance.ordinal,
            paths=("/",),
            headers={"User-Agent": USER_AGENT, "Host": hosts.get(instance.revision_id, "")},
            statuses=((100, 599),),
            seconds=ANSWER_SECONDS,
            round_seconds=ANSWER_SECONDS,
            speaks_http2=loaded[instance.revision_id].speaks_http2,
        )
        for instance in due.filter(revision__in=loaded)
    )
