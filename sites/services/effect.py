"""Say of a change of routes whether every router has it, so that whoever saves knows when it holds."""

from django.db import transaction

from sites.errors import RouterUnreachable
from sites.models import Operation, RouterNode, Site
from sites.router import get_router

WAIT_SECONDS = 3.0
"""Most routers have it within milliseconds; whoever saves waits no longer than this."""
LATER = " {who} not have it yet, and takes it within a second of being back."


def once_routers_have_it(site: Site, record: Operation) -> None:
    """When the transaction has committed: offer the site's routes, wait for the routers, and say who is late.

    What is late is written into the outcome of `record`; nobody has to ask again, for routers take it by themselves.
    """
    transaction.on_commit(lambda: _wait(site.pk, site.routes_version, record))


def _wait(site_id: int, version: int, record: Operation) -> None:
    late = _late(site_id, version)
    if late:
        record.outcome += late
        Operation.objects.filter(pk=record.pk).update(outcome=record.outcome)


def _late(site_id: int, version: int) -> str:
    try:
        versions = get_router().publish(site_id, version, wait_seconds=WAIT_SECONDS).versions
    except RouterUnreachable:
        return LATER.format(who="The router does")
    expected = RouterNode.objects.filter(RouterNode.EXPECTED).values_list("node_id", flat=True)
    missing = sorted(name for name in expected if versions.get(name, -1) < version)
    return LATER.format(who=f"Router {missing[0]} does") if missing else ""
