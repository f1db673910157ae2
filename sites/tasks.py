"""Every Celery task: a queue, an id, one call into jobs."""

from celery import shared_task
from django.db import transaction

from sites.errors import Unreachable
from sites.jobs import advance, beat, figures, keep_loaded, reconcile, retire, rollback, stages, tidy
from sites.models import Kind, Operation


@shared_task
def warm_up_slot(operation_id: int, attempt: int) -> None:
    """Bring revisions into service: everything but swaps and publications."""
    advance.run(operation_id, attempt, again=warm_up_slot.delay)


@shared_task
def swap_slots(operation_id: int, attempt: int) -> None:
    """Prepare, warm up and switch both slots of a swap."""
    advance.run(operation_id, attempt, again=swap_slots.delay)


@shared_task
def publish_deployment(operation_id: int, attempt: int) -> None:
    """Build a publication's content, run its release command and bring it into service."""
    advance.run(operation_id, attempt, again=publish_deployment.delay)


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


@shared_task
def keep_sites_loaded() -> None:
    """Always On."""
    keep_loaded.run()


@shared_task
def tidy_contents() -> None:
    """Remove contents and builds that nothing names any more."""
    tidy.run()


@shared_task
def tick() -> None:
    """Every second: take up what nobody works on and start what is due."""
    beat.end_previews()
    rollback.end_windows()
    for operation in beat.take_stale():
        enqueue(operation)
    if beat.is_due("retire", seconds=1) and retire.is_needed():
        retire_revisions.delay()
    if figures.is_needed():
        count_requests.delay()
    if beat.is_due("reconcile", seconds=5):
        reconcile_instances.delay()
    if beat.is_due("keep_loaded", seconds=300):
        keep_sites_loaded.delay()
    if beat.is_due("tidy", seconds=3600):
        tidy_contents.delay()


def enqueue(operation: Operation) -> None:
    """Give an open operation to the worker of its queue, at its present attempt."""
    by_kind = {Kind.SWAP: swap_slots, Kind.ROLL_BACK: swap_slots}
    task = publish_deployment if stages.publishes(operation) else by_kind.get(Kind(operation.kind), warm_up_slot)
    task.delay(operation.pk, operation.attempt)


def enqueue_on_commit(operation: Operation) -> None:
    """As `enqueue`, once the transaction has committed. A message that is lost is made up for by the tick."""
    transaction.on_commit(lambda: enqueue(operation), robust=True)
