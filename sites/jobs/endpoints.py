"""Ask the web endpoints: a few of each subscription side by side, for a bounded time, once a minute."""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.db import transaction
from django.db.models import F

from sites.general_settings import ENDPOINTS
from sites.jobs import metrics
from sites.jobs.turns import turn
from sites.models import Category, EndpointCheck, HostName, MetricState, Mode, Slot, SlotSetting
from sites.models.clock import now
from sites.monitoring.endpoints import BAD_STATUS, parse
from sites.monitoring.figures import Figures
from sites.outgoing.addresses import OutOfReach
from sites.outgoing.request import Destination, get
from sites.plain_text import visible
from sites.router.place import local_address

SECONDS = 60
"""Between two checks of an endpoint."""
TURN, LEASE_SECONDS = "endpoints turn", 90.0
TURN_SECONDS = 40.0
"""After which a turn begins no more checks; those that had none come first in the next one."""
LANES, OF_ONE = 40, 4
"""At the same time; of one subscription."""
NAMED_HOSTS = "WEBHOOK_HOSTS"
USER_AGENT = "Greenroom-Endpoints/1"
UNFORESEEN = "The check came to nothing; the log of the worker says more."

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Question:
    """One endpoint that is to be asked."""

    slot: Slot
    name: str
    url: str
    to: Destination
    via: tuple[str, int] | None
    """Address and port of this machine's router, for a host name of the same web site."""


def is_needed() -> bool:
    """Whether there is an endpoint."""
    return SlotSetting.objects.filter(category=Category.MONITORING, name__in=ENDPOINTS).exists()


def run() -> None:
    """One turn, unless somebody else has it."""
    with turn(TURN, seconds=LEASE_SECONDS) as is_mine:
        if is_mine and (questions := _questions()):
            _settle(asyncio.run(_ask_all(questions)))


def _questions() -> list[Question]:
    """Of running slots whose mode has endpoints; those first whose last check is longest ago."""
    modes = [mode for mode in Mode if mode.limits.has_endpoints]
    rows = SlotSetting.objects.filter(category=Category.MONITORING, name__in=ENDPOINTS, site__mode__in=modes)
    owned = list(rows.annotate(of_workload=F("workload__slot__pk")))
    running = Slot.objects.filter(is_running=True).select_related("site")
    slots = running.in_bulk({row.slot_id or row.of_workload for row in owned} - {None})
    own = set(
        HostName.objects.filter(slot__site__in={slot.site_id for slot in slots.values()}).values_list(
            "slot__site", "name"
        )
    )
    found = []
    for row in owned:
        slot, url = slots.get(row.slot_id or row.of_workload), str(row.value)
        if slot is not None and url:
            try:
                to = parse(url)
            except ValueError:  # an older version may have taken it
                continue
            via = _own_router(to) if (slot.site_id, to.host) in own else None
            found.append(Question(slot, row.name, url, to, via))
    checked = dict(EndpointCheck.objects.filter(slot__in=slots).values_list("slot", "checked_at"))
    return sorted(found, key=lambda one: checked.get(one.slot.pk, datetime.min.replace(tzinfo=UTC)))


def _own_router(to: Destination) -> tuple[str, int] | None:
    """Where visitors of this machine's web sites are answered; None: not by us at that scheme, or to proxies alone.

    With the PROXY protocol a check goes the way of visitors, to what the name leads to.
    """
    port = settings.TLS_PORT if to.scheme == "https" else settings.PORT
    return (local_address(settings.LISTEN), port) if port and not settings.PROXY_PROTOCOL else None


async def _ask_all(questions: Iterable[Question]) -> list[EndpointCheck]:
    """The checks that there was time for."""
    until = time.monotonic() + TURN_SECONDS
    lanes = asyncio.Semaphore(LANES)
    own: Mapping[int, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(OF_ONE))

    async def ask(question: Question) -> EndpointCheck | None:
        async with own[question.slot.site.subscription_id], lanes:
            return await _check(question) if time.monotonic() < until else None

    found = await asyncio.gather(*(ask(question) for question in questions))
    return [check for check in found if check is not None]


async def _check(question: Question) -> EndpointCheck:
    check = EndpointCheck(slot=question.slot, name=question.name, url=question.url, checked_at=datetime.now(UTC))
    began = time.monotonic()
    try:
        answer = await get(
            question.to,
            {"User-Agent": USER_AGENT},
            setting=NAMED_HOSTS,
            owner=f"subscription {question.slot.site.subscription_id}",
            most=1,
            at=question.via,
        )
    except OutOfReach as refusal:
        check.fault = visible(f"{refusal.why[:1].upper()}{refusal.why[1:]}. {refusal.remedy}")[:300]
    except Exception as error:  # what one endpoint answers touches no other; its text could have the address in it
        _log.error("An endpoint of slot %s could not be checked: %s", question.slot.pk, type(error).__name__)
        check.fault = UNFORESEEN
    else:
        check.status = answer.status
        check.milliseconds = round(1000 * (time.monotonic() - began))
        check.fault = f"The answer was {answer.status}." if answer.status >= BAD_STATUS else ""
    return check


def _settle(checks: Iterable[EndpointCheck]) -> None:
    """Write down what was found, and the figures that come of it; slots that are gone meanwhile are left out."""
    checks = list(checks)
    with transaction.atomic():
        MetricState.objects.select_for_update().first()  # the job of the figures writes the same rows
        known = set(Slot.objects.filter(pk__in={check.slot_id for check in checks}).values_list("pk", flat=True))
        kept = [check for check in checks if check.slot_id in known]
        EndpointCheck.objects.bulk_create(
            kept,
            update_conflicts=True,
            unique_fields=["slot", "name"],
            update_fields=["url", "checked_at", "status", "milliseconds", "fault"],
        )
        figures: dict[int, Figures] = defaultdict(dict)
        for check in kept:
            own = {f"{check.name}_failed": 1} if check.fault else {f"{check.name}_ms": check.milliseconds}
            figures[check.slot_id].update(own)
        metrics.add(figures, now())
