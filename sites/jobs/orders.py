"""Orders of certificates at an authority (ACME): each state is written before its step, and each step may be repeated.

One worker at a time has the turn, so an authority or DNS server that is slow keeps one of them and no more.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction

from sites.acme import configured, errand, records
from sites.acme.records import RecordRefused
from sites.acme.shapes import DNS, AccountUnknown, AcmeRefused, AcmeUnreachable, Answer, kind_for, placed_from
from sites.errors import RouterUnreachable
from sites.jobs import automatic_certificates
from sites.jobs.automatic_certificates import Notice
from sites.models import AcmeAccount, CertificateOrder, OrderState, Site
from sites.models.clock import now
from sites.operations import routers

AT_ONCE = 4
TURN_SECONDS = 30
"""A turn goes on so long with what is due meanwhile."""
LEASE_SECONDS = 180
"""How long a worker has for what it took; longer than it can need, and after that another one goes on."""
PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 5, 300
"""Between looks that come to nothing: doubled each time."""
ROUTER_PATIENCE = timedelta(seconds=60)
"""So long a router may be away before the authority is asked to look all the same; it sends no visitor there either."""
PATIENCE = timedelta(hours=1)
"""An order that has not come to its end after that has failed."""
REMOVALS = 5
"""So often the record of an order that has ended is tried to be removed."""


@dataclass(frozen=True, slots=True)
class Step:
    """An order as it was taken, with what its step came to."""

    order: CertificateOrder
    answer: Answer | None = None
    refusal: str = ""
    """It has failed."""
    delay: str = ""
    """It is to be tried again."""
    is_account_unknown: bool = False


def is_needed() -> bool:
    """Whether an order is to be looked at."""
    return CertificateOrder.objects.filter(due_at__lte=now()).exists()


def run() -> list[Notice] | None:
    """Take a few orders one step further; whom to write of those that have failed. None: no order was due."""
    taken = _take_due()
    with ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="acme") as threads:
        steps = list(threads.map(_do, [_prepared(order) for order in taken]))
    if not taken:
        return None
    return [notice for step in steps for notice in _settle(step)]


def _take_due() -> list[CertificateOrder]:
    with transaction.atomic():
        found = CertificateOrder.objects.select_for_update(of=("self",)).filter(due_at__lte=now())
        related = ("account", "automatic__host_name__slot__site")
        due = list(found.select_related(*related).order_by("due_at", "pk")[:AT_ONCE])
        later = now() + timedelta(seconds=LEASE_SECONDS)
        CertificateOrder.objects.filter(pk__in=[order.pk for order in due]).update(due_at=later)
    return due


def _prepared(order: CertificateOrder) -> CertificateOrder:
    """What has to be in the database before the step is done: that a record may stand in DNS."""
    if order.state == OrderState.PLACED and kind_for(order.name) == DNS:
        CertificateOrder.objects.filter(pk=order.pk).update(has_record=True)
        order.has_record = True
    return order


def _do(order: CertificateOrder) -> Step:
    """The step of an order's state; no database here."""
    access = configured.access(key=str(order.account.key), uri=order.account.uri)
    try:
        if order.state not in CertificateOrder.OPEN:
            _remove_records(order)
        elif order.automatic is None:
            return Step(order, refusal="nobody wants it any more")
        elif order.state == OrderState.REQUESTED:
            return Step(order, errand.place(access, order.name, str(order.key)))
        elif order.state == OrderState.PLACED and kind_for(order.name) == DNS:
            _add_records(order)
        elif order.state == OrderState.PROVING:
            return Step(order, errand.conclude(access, placed_from(order.placed), order.name, str(order.key)))
    except (AcmeRefused, RecordRefused) as refusal:
        return Step(order, refusal=str(refusal))
    except AcmeUnreachable as delay:
        return Step(order, delay=str(delay))
    except AccountUnknown:
        return Step(order, delay="the authority no longer knew the account", is_account_unknown=True)
    return Step(order)


def _add_records(order: CertificateOrder) -> None:
    for proof in order.proofs:
        records.add(configured.records(), proof["name"], proof["value"], configured.hook_environment())


def _remove_records(order: CertificateOrder) -> None:
    for proof in order.proofs:
        records.remove(configured.records(), proof["name"], proof["value"], configured.hook_environment())


def _settle(step: Step) -> list[Notice]:
    """Write down what a step came to; an order that somebody else took on meanwhile stays as it is."""
    order = step.order
    if order.state not in CertificateOrder.OPEN:
        _note_removal(step)
    elif step.refusal:
        return automatic_certificates.fail(order, step.refusal)
    elif step.delay:
        return _note_delay(step)
    elif order.state == OrderState.REQUESTED and step.answer is not None:
        _note_placed(order, step.answer)
    elif order.state == OrderState.PLACED:
        return _show_proof(order)
    elif step.answer is not None and step.answer.chain:
        return automatic_certificates.install(order, step.answer.chain)
    else:
        return _look_again(order)
    return []


def _note_placed(order: CertificateOrder, answer: Answer) -> None:
    placed = answer.placed.as_data if answer.placed else {}
    with transaction.atomic():
        AcmeAccount.objects.filter(pk=order.account_id, uri="").update(uri=answer.account_uri)
        values = {"placed": placed, "placed_at": now(), "due_at": now(), "tries": 0}
        if order.transition(OrderState.REQUESTED, OrderState.PLACED, **values) and order.automatic is not None:
            if (slot := order.automatic.slot) is not None:
                slot.site.touch_routes()


def _show_proof(order: CertificateOrder) -> list[Notice]:
    """Have every router show it, or DNS, before the authority looks."""
    if kind_for(order.name) == DNS:
        later = now() + timedelta(seconds=settings.ACME_DNS_SECONDS)
        order.transition(OrderState.PLACED, OrderState.PROVING, due_at=later, tries=0)
        return []
    site = Site.objects.filter(slots__host_names__automatic=order.automatic_id).first()
    try:
        is_shown = site is None or not routers.publish(site).missing
    except RouterUnreachable:
        is_shown = False
    if is_shown or (order.placed_at is not None and now() - order.placed_at > ROUTER_PATIENCE):
        order.transition(OrderState.PLACED, OrderState.PROVING, due_at=now(), tries=0)
        return []
    return _look_again(order, seconds=1)


def _note_delay(step: Step) -> list[Notice]:
    order = step.order
    if step.is_account_unknown:
        AcmeAccount.objects.filter(pk=order.account_id, uri=order.account.uri).update(uri="")
    return _look_again(order, delay=step.delay)


def _look_again(order: CertificateOrder, *, seconds: float | None = None, delay: str = "") -> list[Notice]:
    if order.state in CertificateOrder.OPEN and now() - order.created_at > PATIENCE:
        return automatic_certificates.fail(order, delay or "the authority has not issued it within an hour")
    pause = seconds or min(PAUSE_SECONDS * 2 ** min(order.tries, 10), LONGEST_PAUSE_SECONDS)
    due_at = now() + timedelta(seconds=pause)
    order.transition(order.state, order.state, tries=order.tries + 1, due_at=due_at)
    return []


def _note_removal(step: Step) -> None:
    order = step.order
    if not step.refusal:
        order.transition(order.state, order.state, has_record=False, due_at=None)
    elif order.tries + 1 >= REMOVALS:
        order.transition(order.state, order.state, due_at=None)
    else:
        _look_again(order, seconds=60)
