"""Every Celery task: a queue, an id, one call into jobs; and who goes on when its worker is lost."""

from collections.abc import Sequence

from billiard.exceptions import WorkerLostError
from celery import Task, shared_task
from celery.signals import task_failure, worker_ready
from django.db import InterfaceError, OperationalError, transaction

from sites.errors import Unreachable
from sites.jobs import always_on, figures, reconcile, retire, scheduling, tidy
from sites.models import Operation
from sites.operations import claims, machine, retention
from sites.operations.kinds import kind_of

AGAIN_SECONDS = 1.0
"""Between the loss of a worker's process or database connection and the next try."""
TAKE_OVER_SECONDS = 2.0
"""After its start a worker looks what was left: by then the one before it has been silent for LEFT_SECONDS."""


@shared_task
def advance(operation_id: int, attempt: int) -> None:
    """Take an operation forward."""
    machine.run(operation_id, attempt, again=enqueue)


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
    """Give an open operation to the workers of its queue, at its present attempt."""
    advance.apply_async((operation.pk, operation.attempt), queue=kind_of(operation).queue_of(operation))


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
    if sender.name == advance.name and isinstance(exception, WorkerLostError | OperationalError | InterfaceError):
        queue = (sender.request.delivery_info or {}).get("routing_key")
        sender.apply_async(args, countdown=AGAIN_SECONDS, queue=queue)
