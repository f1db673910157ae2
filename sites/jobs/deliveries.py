"""Send events to their targets: in two lanes of each subscription, for a bounded time, again and again.

The quick lane is that of targets that took what they were sent last; the slow lane is that of those that did not. In a
lane one request follows the other, and no lane waits for another one.
"""

import asyncio
import logging
import time
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F, Max, QuerySet

from sites.backoff import doubled
from sites.errors import TargetDisabled, TargetRefused
from sites.events import order, recording
from sites.events.types import TARGET_DISABLED
from sites.jobs import mail
from sites.jobs.turns import is_free, turn
from sites.models import Delivery, DeliveryState, EventTarget, TargetFormat
from sites.models.clock import now
from sites.operations.kinds.recorded import EVENT_TARGETS
from sites.outgoing.addresses import OutOfReach
from sites.outgoing.request import Answer, Destination, post
from sites.plain_text import log_text, visible
from sites.throttling import buckets
from sites.throttling.buckets import Bucket, Limit
from sites.webhooks import mail as mail_format
from sites.webhooks.address import NAMED_HOSTS, parse
from sites.webhooks.formats import body_of
from sites.webhooks.signing import signed

ACTOR = "Greenroom"
TURN = "deliveries"
QUICK_LANES, SLOW_LANES = 20, 10
"""At the same time; a subscription has one of each at most."""
QUICK_SECONDS, SLOW_SECONDS = 18.0, 10.0
"""Of a turn, after which nothing more is sent in such lanes. A turn ends before QUICK_SECONDS + WHOLE_MAIL_SECONDS."""
LOOK_SECONDS = 1.0
"""So often is looked for what has become due while nothing is answered."""
LEASE_SECONDS = 60.0
MAX_ATTEMPTS = 15
FIRST_WAIT, LONGEST_WAIT = 10.0, 6 * 3600.0
"""Seconds between attempts: 10, 20, 40 … In all 15 attempts take 23 hours and 22 minutes."""
PATIENCE = timedelta(days=3)
"""A target of which every delivery has failed for so long is disabled."""
GONE = 410
MAX_DIGITS = 9
"""Of a `Retry-After`; whoever says more means more than LONGEST_WAIT."""
TO_ADDRESS = Limit("mails of events to an address", 6)
"""30 in an hour at most: 6 at once, and one more every two and a half minutes. What comes on top waits."""
OF_KEEPER = Limit("mails of events of a keeper", 24)
"""120 in an hour at most, to all addresses of the targets that one person keeps."""
TOO_MANY_MAILS = (
    "an address gets 30 mails an hour at most, and all targets of one person send 120 at most. It is tried again."
)
MAIL_SECONDS, WHOLE_MAIL_SECONDS = 6.0, 15.0
"""For each answer of the mail server; for all of them."""
_MAIL_THREADS = ThreadPoolExecutor(QUICK_LANES + SLOW_LANES, thread_name_prefix="mail")
"""One for each lane: no mail waits for another one."""
MAIL_TAKEN = 250
"""What a mail server answers that has taken a mail (RFC 5321)."""
USER_AGENT = "Greenroom-Webhooks/1"
UNFORESEEN = "it could not be sent or written down; the log of the worker says why."

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Parcel:
    """One request to be sent; or why none can be."""

    delivery: Delivery
    to: Destination | None
    body: bytes
    headers: Mapping[str, str]
    fault: str = ""
    mail: EmailMessage | None = None
    """In place of a request."""


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
        if is_mine:
            _disable_abandoned()
            with asyncio.Runner() as runner:
                _send_due(runner)


@dataclass(frozen=True, slots=True)
class _Lane:
    """Where one request is under way."""

    subscription: int
    is_slow: bool
    target: int


def _send_due(runner: asyncio.Runner) -> None:
    """Until nothing is due or the time is over. Between requests the database is asked and told."""
    began = time.monotonic()
    busy: dict[asyncio.Task[Outcome], _Lane] = {}
    failed: set[int] = set()
    while True:
        for is_slow, seconds in ((False, QUICK_SECONDS), (True, SLOW_SECONDS)):
            if time.monotonic() < began + seconds:
                for delivery in _next(busy.values(), failed, is_slow=is_slow):
                    target = delivery.target
                    sending = runner.get_loop().create_task(_send(_parcel(delivery)))
                    busy[sending] = _Lane(target.subscription_id, is_slow, target.pk)
        if not busy:
            return
        for done in runner.run(_ended(busy)):
            lane, outcome = busy.pop(done), done.result()
            if not (_is_settled(outcome) and outcome.is_taken):
                failed.add(lane.target)


async def _ended(busy: Collection[asyncio.Task[Outcome]]) -> set[asyncio.Task[Outcome]]:
    """Those that have ended, after LOOK_SECONDS at the latest."""
    done, _ = await asyncio.wait(busy, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    return done


def _due(moment: datetime) -> QuerySet[Delivery]:
    return Delivery.objects.filter(state=DeliveryState.PENDING, due_at__lte=moment)


def _next(busy: Collection[_Lane], failed: Collection[int], *, is_slow: bool) -> Iterator[Delivery]:
    """One for each free lane; for those subscriptions first whose last turn is longest ago."""
    taken = [lane.subscription for lane in busy if lane.is_slow == is_slow]
    due = _due(now()).filter(target__in=EventTarget.objects.in_force(), target__failing_since__isnull=not is_slow)
    due = due.exclude(target__in={*failed, *(lane.target for lane in busy)}).exclude(target__subscription__in=taken)
    waiting = due.order_by().values("target__subscription").annotate(last=Max("target__tried_at"))
    free = (SLOW_LANES if is_slow else QUICK_LANES) - len(taken)
    oldest = due.select_related("event__subscription", "target__subscription", "target__site").order_by(
        F("target__tried_at").asc(nulls_first=True), "due_at", "pk"
    )
    for row in list(waiting.order_by(F("last").asc(nulls_first=True))[:free]):
        if (first := oldest.filter(target__subscription=row["target__subscription"]).first()) is not None:
            yield first


def _parcel(delivery: Delivery) -> Parcel:
    """What is to be sent; nothing here waits."""
    try:
        return _packed(delivery)
    except TargetRefused as refusal:  # what was allowed when it was saved is not any more
        return Parcel(delivery, None, b"", {}, f"{refusal.values['reason']}. {refusal.values['remedy']}")
    except Exception as error:
        _log_unforeseen(delivery, error)
        return Parcel(delivery, None, b"", {}, UNFORESEEN)


def _packed(delivery: Delivery) -> Parcel:
    target, event = delivery.target, delivery.event
    if target.format == TargetFormat.MAIL:
        return _packed_mail(delivery)
    to = parse(str(target.url))
    body, content_type = body_of(event, target.format)
    headers = {"Content-Type": content_type, "User-Agent": USER_AGENT}
    signature = signed(body, message_id=str(event.public_id), seconds=int(time.time()), secret=str(target.secret))
    return Parcel(delivery, to, body, headers | signature)


def _packed_mail(delivery: Delivery) -> Parcel:
    """Raises TargetRefused when its reader may not see the events any more."""
    target = delivery.target
    address = mail_format.parse(str(target.url))
    mail_format.ensure_may_receive(address, target.subscription, target.site)
    # Not by target: whoever removes one and makes it anew gets no more mails
    if buckets.take([Bucket(TO_ADDRESS, address.lower()), Bucket(OF_KEEPER, str(target.keeper_id))]):
        return Parcel(delivery, None, b"", {}, TOO_MANY_MAILS)
    message = mail_format.message_of(delivery.event, address, title=target.title)
    return Parcel(delivery, None, b"", {}, mail=message)


async def _send_mail(parcel: Parcel, message: EmailMessage) -> Outcome:
    """The mail server is this installation's own. Each of its answers has a bound, and so has the whole mail."""
    until = time.monotonic() + WHOLE_MAIL_SECONDS
    send = partial(mail.hand_over, message, seconds=MAIL_SECONDS, until=until)
    try:
        async with asyncio.timeout(WHOLE_MAIL_SECONDS):
            await asyncio.get_running_loop().run_in_executor(_MAIL_THREADS, send)
    except TimeoutError:
        mail.cut_off(message)
        return Outcome(parcel.delivery, None, "the mail server takes too long. It is tried again.")
    except OSError as error:  # of which smtplib's exceptions are
        return Outcome(parcel.delivery, None, f"the mail server {mail.why(error)}. It is tried again.")
    except Exception as error:
        _log_unforeseen(parcel.delivery, error)
        return Outcome(parcel.delivery, None, UNFORESEEN)
    return Outcome(parcel.delivery, Answer(MAIL_TAKEN, b"the mail server has taken it"), "")


async def _send(parcel: Parcel) -> Outcome:
    if parcel.mail is not None:
        return await _send_mail(parcel, parcel.mail)
    if parcel.to is None:
        return Outcome(parcel.delivery, None, parcel.fault)
    try:
        owner = f"subscription {parcel.delivery.target.subscription_id}"
        answer = await post(parcel.to, parcel.body, parcel.headers, setting=NAMED_HOSTS, owner=owner)
    except OutOfReach as refusal:
        return Outcome(parcel.delivery, None, f"{refusal.why}. {refusal.remedy}")
    except Exception as error:
        _log_unforeseen(parcel.delivery, error)
        return Outcome(parcel.delivery, None, UNFORESEEN)
    return Outcome(parcel.delivery, answer, _fault_of(answer))


def _log_unforeseen(delivery: Delivery, error: Exception) -> None:
    """Its type alone: what it says can have the address in it, which is a secret."""
    _log.error("Delivery %s came to nothing: %s", delivery.public_id, type(error).__name__)


def _fault_of(answer: Answer) -> str:
    if 200 <= answer.status < 300:
        return ""
    if 300 <= answer.status < 400:
        return f"the answer was {answer.status}. Redirects are not followed; give the address that it leads to."
    return f"the answer was {answer.status}."


def _is_settled(outcome: Outcome) -> bool:
    """Whether it could be written down; else it is a failed attempt, and no other delivery suffers from it."""
    for write in (_settle, _count):
        try:
            write(outcome)
        except Exception as error:
            _log_unforeseen(outcome.delivery, error)
        else:
            return write is _settle
    return False


def _own(delivery: Delivery) -> QuerySet[Delivery]:
    """The delivery, unless somebody else has meanwhile written down what came of it."""
    return Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.PENDING, attempts=delivery.attempts)


def _count(outcome: Outcome) -> None:
    """A failed attempt, whatever it was that could not be written down."""
    attempts = outcome.delivery.attempts + 1
    _own(outcome.delivery).update(
        state=DeliveryState.FAILED if attempts >= MAX_ATTEMPTS else DeliveryState.PENDING,
        attempts=attempts,
        due_at=now() + timedelta(seconds=_wait(attempts, None)),
        tried_at=now(),
        fault=UNFORESEEN,
    )


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
    if not _own(delivery).update(
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
    said = answer.retry_after if answer else ""
    wanted = float(said[:MAX_DIGITS]) if said.isascii() and said.isdigit() else 0.0
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
