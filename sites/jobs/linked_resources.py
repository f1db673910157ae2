"""Check linked resources: a few of each subscription side by side, for a bounded time, again and again."""

import asyncio
import json
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import F, Max, Q, QuerySet

from sites.jobs.turns import is_free, turn
from sites.models import Category, Health, LinkedResource, SlotSetting
from sites.models.clock import now
from sites.resources.check import fault_of

TURN = "linked resources turn"
LEASE_SECONDS = 60.0
SUBSCRIPTIONS, OF_ONE = 10, 4
"""In one turn: so many subscriptions, and so many resources of each, all at the same time."""
GOOD_SECONDS, BAD_SECONDS = 300.0, 60.0
"""Until the next check of what answers, and of what does not."""
MISSING = "Production has no connection string of this name. Save one under Configure, or unlink the resource."
UNFORESEEN = "It answered what could not be dealt with; the log of the worker says more."

_log = logging.getLogger(__name__)


def is_needed() -> bool:
    """Whether a resource is due, and nobody is at it."""
    return _due(now()).exists() and is_free(TURN)


def run() -> None:
    """One turn, unless somebody else has it."""
    with turn(TURN, seconds=LEASE_SECONDS) as is_mine:
        if not is_mine:
            return
        chosen = _chosen()
        texts = [_connection_string(resource) for resource in chosen]
        faults = asyncio.run(_faults(chosen, texts)) if chosen else []
        for resource, fault in zip(chosen, faults, strict=True):
            _settle(resource, fault)


def _due(moment: datetime) -> QuerySet[LinkedResource]:
    return LinkedResource.objects.filter(due_at__lte=moment)


def _chosen() -> list[LinkedResource]:
    """What is due; of those subscriptions first whose last check is longest ago."""
    due = _due(now()).select_related("site")
    waiting = due.order_by().values("site__subscription").annotate(last=Max("checked_at"))
    rows = waiting.order_by(F("last").asc(nulls_first=True))[:SUBSCRIPTIONS]
    oldest = due.order_by(F("checked_at").asc(nulls_first=True), "due_at", "pk")
    return [one for row in rows for one in oldest.filter(site__subscription=row["site__subscription"])[:OF_ONE]]


def _connection_string(resource: LinkedResource) -> str | None:
    """The one of its name that is in force in production; None when there is none any more."""
    production = Q(slot__is_production=True) | Q(workload__slot__is_production=True)
    rows = SlotSetting.objects.filter(
        production, site=resource.site_id, category=Category.CONNECTION_STRINGS, name=resource.name
    )
    row = rows.first()
    return None if row is None else str(json.loads(row.value)["value"])


async def _faults(chosen: Sequence[LinkedResource], texts: Sequence[str | None]) -> list[str]:
    return await asyncio.gather(*(_fault(resource, text) for resource, text in zip(chosen, texts, strict=True)))


async def _fault(resource: LinkedResource, text: str | None) -> str:
    owner = f"subscription {resource.site.subscription_id}"
    try:
        return MISSING if text is None else await fault_of(resource.engine, text, owner=owner)
    except Exception as error:  # what one database says touches no other; its text could have the secret in it
        _log.error("Linked resource %s could not be checked: %s", resource.pk, type(error).__name__)
        return UNFORESEEN


def _settle(resource: LinkedResource, fault: str) -> None:
    """Write down what was found, unless it was unlinked meanwhile."""
    moment = now()
    health = Health.BAD if fault else Health.GOOD
    LinkedResource.objects.filter(pk=resource.pk).update(
        health=health,
        finding=fault[:500],
        since=moment if health != resource.health else resource.since,
        checked_at=moment,
        due_at=moment + timedelta(seconds=BAD_SECONDS if fault else GOOD_SECONDS),
        is_awaited=False,
    )
