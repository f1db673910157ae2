"""Every Celery task: a queue, an id, one call into jobs; and who goes on when its worker is lost."""

from collections.abc import Sequence

from billiard.exceptions import WorkerLostError
from celery import Task, shared_task
from celery.signals import task_failure, worker_ready
from django.db import InterfaceError, OperationalError, transaction

from sites.errors import Unreachable
from sites.jobs import always_on, figures, reconcile, retire, scheduling, tidy
from sites.models import Kind, Operation
from sites.operations import claims, machine, retention, stages

AGAIN_SECONDS = 1.0
"""Between the loss of a worker's process or database connection and the next try."""
TAKE_OVER_SECONDS = 2.0
"""After its start a worker looks what was left: by then the one before it has been silent for LEFT_SECONDS."""


@shared_task
def warm_up_slot(operation_id: int, attempt: int) -> None:
    """Bring revisions into service: everything but swaps and publications."""
    machine.run(operation_id, attempt, again=warm_up_slot.delay)


@shared_task
def swap_slots(operation_id: int, attempt: int) -> None:
    """Prepare, warm up and switch both slots of a swap."""
    machine.run(operation_id, attempt, again=swap_slots.delay)


@shared_task
def publish_deployment(operation_id: int, attempt: int) -> None:
    """Build a publication's content, run its release command and bring it into service."""
    machine.run(operation_id, attempt, again=publish_deployment.delay)


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
    always_on.run()


@shared_task
def tidy_contents() -> None:
    """Remove contents and builds that nothing names any more."""
    tidy.run()


@shared_task
def tick() -> None:
    """Every second: take up what nobody works on and start what is due."""
    claims.end_previews()
    retention.end_windows()
    for operation in claims.take_stale():
        enqueue(operation)
    if scheduling.is_due("retire", seconds=1) and retire.is_needed():
        retire_revisions.delay()
    if figures.is_needed():
        count_requests.delay()
    if scheduling.is_due("reconcile", seconds=5):
        reconcile_instances.delay()
    if scheduling.is_due("keep_loaded", seconds=300):
        keep_sites_loaded.delay()
    if scheduling.is_due("tidy", seconds=3600):
        tidy_contents.delay()


def enqueue(operation: Operation) -> None:
    """Give an open operation to the worker of its queue, at its present attempt."""
    by_kind = {Kind.SWAP: swap_slots, Kind.ROLL_BACK: swap_slots}
    task = publish_deployment if stages.publishes(operation) else by_kind.get(Kind(operation.kind), warm_up_slot)
    task.delay(operation.pk, operation.attempt)


def enqueue_on_commit(operation: Operation) -> None:
    """As `enqueue`, once the transaction has committed. A message that is lost is made up for by the tick."""
    transaction.on_commit(lambda: enqueue(operation), robust=True)


@shared_task
def take_over() -> None:
    """Take up what a worker left that died, before the tick calls it silent."""
    for operation in claims.take_stale(silent_seconds=claims.LEFT_SECONDS):
        enqueue(operation)


@worker_ready.connect
def take_over_soon(**_: object) -> None:
    """A worker has started, perhaps in place of one that died."""
    take_over.apply_async(countdown=TAKE_OVER_SECONDS)


@task_failure.connect
def try_again(sender: Task, exception: BaseException, args: Sequence[int], **_: object) -> None:
    """Whoever advanced an operation has lost its process or its database, not its cause: the same order once more."""
    advancing = {task.name for task in (warm_up_slot, swap_slots, publish_deployment)}
    if sender.name in advancing and isinstance(exception, WorkerLostError | OperationalError | InterfaceError):
        sender.apply_async(args, countdown=AGAIN_SECONDS)
