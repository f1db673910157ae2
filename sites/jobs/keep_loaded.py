"""Always On: instances are asked regularly, so that what they keep in memory never grows cold."""

from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException

from sites.jobs.asking import connected
from sites.models import Revision, RevisionState
from sites.runtime.registry import get_runtime
from sites.runtime.spec import InstanceState

USER_AGENT = "AlwaysOn"
SECONDS = 10.0


def run() -> None:
    """Ask each instance of the revisions in service whose configuration says so; the answer does not matter.

    Where they are the runtime says: an address that was written down before a restart may be somebody else's.
    """
    loaded = [
        revision.pk
        for revision in Revision.objects.filter(state=RevisionState.SERVING)
        if revision.runnable["switches"]["always_on"]
    ]
    running = [status for status in get_runtime().observe(loaded) if status.state == InstanceState.RUNNING]
    with ThreadPoolExecutor(max_workers=10) as pool:
        list(pool.map(lambda status: ask(status.address, status.port), running))


def ask(address: str, port: int) -> None:
    """Send one request; the beginning of an answer is enough."""
    connection = HTTPConnection(address, port, timeout=SECONDS)
    try:
        with connected(connection, SECONDS):
            connection.request("GET", "/", headers={"User-Agent": USER_AGENT})
            connection.getresponse()
    except (OSError, HTTPException):
        return  # the runtime watches over the instance; this only keeps it warm
