"""Always On: instances are asked regularly, so that what they keep in memory never grows cold."""

from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException

from sites.models import Instance, Revision, RevisionState

USER_AGENT = "AlwaysOn"
SECONDS = 10.0


def run() -> None:
    """Ask each instance of the revisions in service whose configuration says so; the answer does not matter."""
    loaded = [
        revision.pk
        for revision in Revision.objects.filter(state=RevisionState.SERVING)
        if revision.runnable["switches"]["always_on"]
    ]
    instances = Instance.objects.filter(revision__in=loaded, is_warm=True).values_list("address", "port")
    with ThreadPoolExecutor(max_workers=10) as pool:
        list(pool.map(lambda place: _ask(*place), instances))


def _ask(address: str, port: int) -> None:
    connection = HTTPConnection(address, port, timeout=SECONDS)
    try:
        connection.request("GET", "/", headers={"User-Agent": USER_AGENT})
        connection.getresponse().read()
    except (OSError, HTTPException):
        return  # the runtime watches over the instance; this only keeps it warm
    finally:
        connection.close()
