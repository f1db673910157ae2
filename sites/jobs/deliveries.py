"""Send events to their targets: a few of each subscription side by side, for a bounded time, again and again."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Max, QuerySet

from sites.backoff import doubled
from sites.errors import TargetDisabled, TargetRefused
from sites.events import order, recording
from sites.events.types import TARGET_DISABLED
from sites.jobs.turns import is_free, turn
from sites.models import Delivery, DeliveryState, EventTarget
from sites.models.clock import now
from sites.operations.kinds.recorded import EVENT_TARGETS
from sites.outgoing.addresses import OutOfReach
from sites.outgoing.request import Answer, Destination, post
from sites.plain_text import log_text, visible
from sites.webhooks.address import NAMED_HOSTS, parse
from sites.webhooks.formats import body_of
from sites.webhooks.signing import signed

ACTOR = "Greenroom"
TURN = "deliveries"
SUBSCRIPTIONS, OF_ONE = 20, 10
"""In one turn: so many subscriptions, and so many deliveries of each, one after the other."""
TURN_SECONDS = 10.0
"""After which nothing more is sent in a turn."""
LEASE_SECONDS = 60.0
MAX_ATTEMPTS = 15
FIRST_WAIT, LONGEST_WAIT = 10.0, 6 * 3600.0
"""Seconds between attempts: 10, 20, 40 … In all 15 attempts take 23 hours and 22 minutes."""
PATIENCE = timedelta(days=3)
"""A target of which every delivery has failed for so long is disabled."""
GONE = 410
USER_AGENT = "Greenroom-Webhooks/1"


@dataclass(frozen=True, slots=True)
class Parcel:
    """One request to be sent; or why none can be."""

    delivery: Delivery
    to: Destination | None
    body: bytes
    headers: Mapping[str, str]
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt."""

    delivery: Delivery
    answer: Answer | None
    fault: str

    @property
    def is_taken(self) -> bool:
        """Whether the receiver has said so."""
        return self.answer is not None and 200 <= self.answer.status < 300


def is_needed() -> bool:
    """Whether something is to be sent, and nobody is at it."""
    return _due(now()).exists() and is_free(TURN)


def hand_on() -> None:
    """Number new events and write their deliveries; once for each event."""
    if order.is_needed():
        _disable_abandoned()
        order.hand_on()


def run() -> None:
    """One turn, unless somebody else has it."""
    with turn(TURN, seconds=LEASE_SECONDS) as is_mine:
        if not is_mine:
            return
        _disable_abandoned()
        lanes = [[_parcel(delivery) for delivery in lane] for lane in _chosen()]
        for outcome in asyncio.run(_send_all(lanes)) if lanes else ():
            _settle(outcome)


def _due(moment: datetime) -> QuerySet[Delivery]:
    return Delivery.objects.filter(state=DeliveryState.PENDING, due_at__lte=moment)


def _chosen() -> list[list[Delivery]]:
    """What is due, by subscription; those first whose last turn is longest ago."""
    due = _due(now()).filter(target__in=EventTarget.objects.in_force())
    waiting = due.order_by().values("target__subscription").annotate(last=Max("target__tried_at"))
    rows = waiting.order_by(F("last").asc(nulls_first=True))[:SUBSCRIPTIONS]
    oldest = due.select_related("event__subscription", "target").order_by(
        F("target__tried_at").asc(nulls_first=True), "due_at", "pk"
    )
    return [list(oldest.filter(target__subscription=row["target__subscription"])[:OF_ONE]) for row in rows]


def _parcel(delivery: Delivery) -> Parcel:
    """What is to be sent; nothing here waits."""
    target, event = delivery.target, delivery.event
    try:
        to = parse(str(target.url))
    except TargetRefused as refusal:  # what was allowed when it was saved is not any more
        return Parcel(delivery, None, b"", {}, f"{refusal.values['reason']}. {refusal.values['remedy']}")
    body, content_type = body_of(event, target.format)
    headers = {"Content-Type": content_type, "User-Agent": USER_AGENT}
    signature = signed(body, message_id=str(event.public_id), seconds=int(time.time()), secret=str(target.secret))
    return Parcel(delivery, to, body, headers | signature)


async def _send_all(lanes: Sequence[Sequence[Parcel]]) -> list[Outcome]:
    """What came of those that were begun within TURN_SECONDS."""
    until = time.monotonic() + TURN_SECONDS
    found = await asyncio.gather(*(_send_lane(lane, until) for lane in lanes))
    return [outcome for outcomes in found for outcome in outcomes]


async def _send_lane(lane: Sequence[Parcel], until: float) -> list[Outcome]:
    """One after the other; a target that did not take one gets no other in this turn."""
    found: list[Outcome] = []
    failed: set[int] = set()
    for parcel in lane:
        if parcel.delivery.target_id in failed:
            continue
        if time.monotonic() >= until:
            break
        outcome = await _send(parcel)
        found.append(outcome)
        if not outcome.is_taken:
            failed.add(parcel.delivery.target_id)
    return found


async def _send(parcel: Parcel) -> Outcome:
    if parcel.to is None:
        return Outcome(parcel.delivery, None, parcel.fault)
    try:
        answer = await post(parcel.to, parcel.body, parcel.headers, setting=NAMED_HOSTS)
    except OutOfReach as refusal:
        return Outcome(parcel.delivery, None, f"{refusal.why}. {refusal.remedy}")
    return Outcome(parcel.delivery, answer, _fault_of(answer))


def _fault_of(answer: Answer) -> str:
    if 200 <= answer.status < 300:
        return ""
    if 300 <= answer.status < 400:
        return f"the answer was {answer.status}. Redirects are not followed; give the address that it leads to."
    return f"the answer was {answer.status}."


@transaction.atomic
def _settle(outcome: Outcome) -> None:
    """Write down what came of it, unless somebody else has meanwhile."""
    delivery, moment = outcome.delivery, now()
    attempts = delivery.attempts + 1
    state, due_at = DeliveryState.SUCCEEDED, moment
    is_gone = outcome.answer is not None and outcome.answer.status == GONE
    if not outcome.is_taken:
        is_over = is_gone or attempts >= MAX_ATTEMPTS
        state = DeliveryState.FAILED if is_over else DeliveryState.PENDING
        due_at = moment + timedelta(seconds=_wait(attempts, outcome.answer))
    own = Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.PENDING, attempts=delivery.attempts)
    if not own.update(
        state=state,
        attempts=attempts,
        due_at=due_at,
        tried_at=moment,
        status=outcome.answer.status if outcome.answer else None,
        answer=_cleaned(outcome.answer.body) if outcome.answer else "",
        fault=visible(outcome.fault)[:500],
    ):
        return
    target = EventTarget.objects.select_for_update().get(pk=delivery.target_id)
    target.tried_at = moment
    target.failing_since = None if outcome.is_taken else target.failing_since or moment
    target.save(update_fields=["tried_at", "failing_since"])
    if is_gone:
        _disable(target, "its receiver has answered 410, which asks not to be told any more")
    elif target.failing_since is not None and moment - target.failing_since > PATIENCE:
        _disable(target, f"every delivery has failed for {PATIENCE.days} days")


def _wait(attempts: int, answer: Answer | None) -> float:
    """Seconds until the next attempt: also as long as the receiver asks for (RFC 9110, 10.2.3), within bounds."""
    wanted = 0.0
    with suppress(ValueError):
        wanted = float(int(answer.retry_after)) if answer else 0.0
    return min(max(doubled(FIRST_WAIT, LONGEST_WAIT, attempts), wanted), LONGEST_WAIT)


def _cleaned(body: bytes) -> str:
    return log_text(body.decode("utf-8", "replace"))


def _disable_abandoned() -> None:
    """Those whose keeper has left; another person can enable them."""
    for target in EventTarget.objects.abandoned():
        with transaction.atomic():
            name = target.keeper.get_username() if target.keeper else "the person who kept it"
            _disable(target, f"{name} may not change the web sites of this subscription any more")


def _disable(target: EventTarget, reason: str) -> None:
    """Send nothing more to it, and say so; belongs in a transaction."""
    reason = visible(reason)[:300]
    if not EventTarget.objects.filter(pk=target.pk, is_enabled=True).update(is_enabled=False, disabled_because=reason):
        return
    waiting = Delivery.objects.filter(target=target, state=DeliveryState.PENDING)
    waiting.update(state=DeliveryState.FAILED, fault="the event target was disabled.")
    sentence = (
        f"Events are not sent to '{target.title}' any more, because {reason}. "
        "Look into its delivery log, then enable it again or remove it."
    )
    EVENT_TARGETS.record(
        actor_name=ACTOR,
        site=target.site,
        subscription=target.subscription,
        target=target.title,
        outcome=sentence,
        error_code=TargetDisabled.code,
    )
    recording.record(
        [TARGET_DISABLED],
        subscription=target.subscription,
        site=target.site,
        subject=target.title,
        sentence=sentence,
        data={"target": str(target.public_id)},
    )
