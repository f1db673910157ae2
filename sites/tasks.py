"""Every Celery task: a queue, an id, one call into operations or jobs."""

import logging
import time
from collections.abc import Sequence

from celery import shared_task
from django.conf import settings
from django.db import transaction

from sites.backups import schedule as backups
from sites.errors import Unreachable
from sites.jobs import (
    alerts,
    always_on,
    automatic_certificates,
    autoscale,
    certificates,
    deliveries,
    domains,
    endpoints,
    figures,
    linked_resources,
    machine_limits,
    mail,
    metrics,
    one_off_commands,
    orders,
    previews,
    reconcile,
    releases,
    retire,
    telemetry,
    tidy,
    unloading,
)
from sites.jobs.scheduling import Schedule
from sites.jobs.turns import turn
from sites.models import Operation
from sites.operations import claims, machine, retention
from sites.operations.kind import Queue
from sites.operations.kinds import kind_of

logger = logging.getLogger(__name__)

AGAIN_SECONDS = 1.0
"""Between the loss of the database and the next try."""
LOOK_SECONDS = 0.2
"""Between two looks at instances for which a request waits."""
MAX_CLAIMS = 3
"""Of a database that comes and goes."""
DELIVERIES_EXPIRE = 30
"""Seconds in a queue; by then the tick has asked again."""
TIME_LIMITS = {Queue.CONTROL: 240, Queue.WORK: 1500}
"""After so many seconds a worker's process is killed; its operation was given to another long before."""


@shared_task
def advance(operation_id: int, attempt: int, instead_of: Sequence[str] = ()) -> None:
    """Take an operation forward. `instead_of` are claims of workers that have lost their database."""
    claim = claims.new_claim()
    try:
        machine.run(operation_id, attempt, claim=claim, again=enqueue, instead_of=tuple(instead_of))
    except machine.DATABASE_LOST as lost:
        logger.warning("An operation has lost its database and is taken up again: %s", lost)
        queue = (advance.request.delivery_info or {}).get("routing_key", Queue.CONTROL)
        _send((operation_id, attempt, [claim, *instead_of][:MAX_CLAIMS]), queue, AGAIN_SECONDS)


@shared_task(throws=(Unreachable,))
def retire_revisions() -> None:
    """Stop what no host name leads to any more and holds no request."""
    retire.run()


@shared_task(throws=(Unreachable,))
def count_requests() -> None:
    """Say how many requests the last swaps saw."""
    figures.run()


@shared_task(throws=(Unreachable,))
def reconcile_instances() -> None:
    """Compare the instances that there are with those that should be."""
    reconcile.run()


@shared_task(throws=(Unreachable,))
def take_metrics() -> None:
    """Write down what the slots did since the last look, and look at what their alert rules say of it.

    One look at a time: a router that does not answer holds one thread, and leaves the other one to operations.
    """
    with turn(metrics.TURN, seconds=metrics.LEASE_SECONDS) as is_mine:
        if is_mine:
            metrics.run()
            alerts.run()


@shared_task(throws=(Unreachable,))
def send_logs() -> None:
    """Send what the applications wrote to the collector."""
    telemetry.run()


@shared_task(throws=(Unreachable,))
def unload_idle() -> None:
    """Have the slots that nobody visits lose their instances, and go on with those that are on their way."""
    unloading.find_idle()
    unloading.run()


@shared_task(throws=(Unreachable,))
def tend_rests() -> None:
    """Go on with the slots that lose their instances or get them back."""
    unloading.run()


@shared_task(throws=(Unreachable,))
def load_revision(revision_id: int) -> None:
    """Start the instances for which a request waits, and look again until they listen."""
    if unloading.load(revision_id):
        load_revision.apply_async([revision_id], countdown=LOOK_SECONDS)


@shared_task(throws=(Unreachable,))
def tend_commands() -> None:
    """Start, stop and end the commands that people run once."""
    one_off_commands.run()


@shared_task
def scale_automatically() -> None:
    """Decide for the slots whose instance count follows a rule."""
    for operation in autoscale.run():
        enqueue(operation)


@shared_task
def keep_sites_loaded() -> None:
    """Always On."""
    always_on.run()


@shared_task
def compare_releases() -> None:
    """Write down what the newest stays in production have changed."""
    releases.run()


@shared_task
def tidy_contents() -> None:
    """Remove contents and builds that nothing names any more."""
    tidy.run()


@shared_task(autoretry_for=(OSError,), max_retries=5, retry_backoff=30)
def send_mail(to: str, subject: str, body: str) -> None:
    """One mail; tried again for about a quarter of an hour while the mail server is away."""
    mail.send(to, subject, body)


@shared_task
def sweep_leftovers() -> None:
    """Remove what killed processes left half done."""
    tidy.sweep()


@shared_task(throws=(Unreachable,))
def keep_limits() -> None:
    """Tell the runtime the limits of this machine, and write down what folders take."""
    machine_limits.run()


@shared_task
def check_domains() -> None:
    """Look up the DNS records of domain names that are to be proven; name servers hold one worker at most."""
    with turn("domains turn", seconds=domains.LEASE_SECONDS) as is_mine:
        if is_mine:
            domains.run()


@shared_task
def deliver_events() -> None:
    """Send events to their targets, for a bounded time."""
    deliveries.run()


@shared_task
def check_linked_resources() -> None:
    """Ask linked databases whether they answer, for a bounded time."""
    linked_resources.run()


@shared_task
def ask_endpoints() -> None:
    """Ask the web endpoints whether they answer, for a bounded time."""
    endpoints.run()


@shared_task
def warn_of_certificates() -> None:
    """Say which certificates end soon."""
    certificates.run()


@shared_task
def order_certificates() -> None:
    """Order what is due at the authority, and take open orders a step further."""
    with turn("orders turn", seconds=orders.LEASE_SECONDS) as is_mine:
        if is_mine:
            automatic_certificates.begin_due()
            until = time.monotonic() + orders.TURN_SECONDS
            while (notices := orders.run()) is not None:
                for notice in notices:
                    send_mail.delay(notice.to, notice.subject, notice.body)
                if time.monotonic() > until:
                    break


@shared_task
def ask_for_renewals() -> None:
    """Ask the authority when it wants certificates to be renewed."""
    with turn("renewals turn", seconds=orders.LEASE_SECONDS) as is_mine:
        if is_mine:
            automatic_certificates.ask_for_times()


@shared_task(throws=backups.FAILURES, time_limit=backups.LIMIT_SECONDS)
def make_backup() -> None:
    """The backup on schedule."""
    backups.run()


def tick(schedule: Schedule) -> None:
    """Every second, in the scheduler's own process: take up what nobody works on and start what is due."""
    if claims.is_anything_open():
        previews.end_forgotten()
        for operation in [*claims.take_from_lost(), *claims.find_unasked()]:
            enqueue(operation)
    retention.end_windows()
    if schedule.is_due("retire", seconds=1) and retire.is_needed():
        retire_revisions.delay()
    if figures.is_needed():
        count_requests.delay()
    if schedule.is_due("reconcile", seconds=5):
        reconcile_instances.delay()
    if schedule.is_due("metrics", seconds=metrics.SECONDS):
        take_metrics.apply_async(expires=metrics.SECONDS)  # never two in the queue, where operations wait too
    if telemetry.is_needed() and schedule.is_due("telemetry", seconds=telemetry.SECONDS):
        send_logs.apply_async(queue=Queue.WORK, expires=telemetry.SECONDS)
    if schedule.is_due("releases", seconds=releases.SECONDS) and releases.is_needed():
        compare_releases.delay()
    if schedule.is_due("autoscale", seconds=settings.AUTOSCALE_SECONDS):
        scale_automatically.delay()
    if schedule.is_due("always_on", seconds=always_on.SECONDS):
        keep_sites_loaded.delay()
    if schedule.is_due("unloading", seconds=unloading.SECONDS):
        unload_idle.delay()
    elif unloading.is_needed():
        tend_rests.delay()
    if one_off_commands.is_needed():
        tend_commands.delay()
    if schedule.is_due("limits", seconds=15):
        keep_limits.delay()
    if schedule.is_due("domains", seconds=2) and domains.is_needed():
        check_domains.delay()
    if schedule.is_due("orders", seconds=2) and (orders.is_needed() or automatic_certificates.is_needed()):
        order_certificates.delay()
    if schedule.is_due("renewals", seconds=60) and automatic_certificates.are_times_needed():
        ask_for_renewals.delay()
    if schedule.is_due("certificates", seconds=3600):
        warn_of_certificates.delay()
    if schedule.is_due("sweep", seconds=60):
        sweep_leftovers.delay()
    if schedule.is_due("tidy", seconds=3600):
        tidy_contents.delay()
    if schedule.is_due("backup", seconds=backups.SECONDS) and backups.is_due():
        make_backup.apply_async(queue=Queue.WORK)
    deliveries.hand_on()
    if deliveries.is_needed():  # with those who build: no stranger keeps a swap waiting
        deliver_events.apply_async(queue=Queue.WORK, expires=DELIVERIES_EXPIRE)
    if schedule.is_due("endpoints", seconds=endpoints.SECONDS) and endpoints.is_needed():
        ask_endpoints.apply_async(queue=Queue.WORK, expires=DELIVERIES_EXPIRE)
    if schedule.is_due("linked resources", seconds=2) and linked_resources.is_needed():
        check_linked_resources.apply_async(queue=Queue.WORK, expires=DELIVERIES_EXPIRE)


def enqueue(operation: Operation, seconds: float = 0.0) -> None:
    """Have a worker of its queue look at an open operation, at its present attempt, after so many seconds."""
    queue = kind_of(operation).queue_of(operation)
    _send((operation.pk, operation.attempt), queue, seconds)


def enqueue_on_commit(operation: Operation) -> None:
    """As `enqueue`, once the transaction has committed. A message that is lost is made up for by the tick."""
    transaction.on_commit(lambda: enqueue(operation), robust=True)


def _send(args: Sequence[object], queue: str, seconds: float) -> None:
    advance.apply_async(args, queue=queue, countdown=seconds or None, time_limit=TIME_LIMITS[Queue(queue)])
