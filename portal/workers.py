"""Whether somebody is there to do what was asked for, and what to say when nobody is."""

import redis

from portal.notifications import is_working
from sites.models import Operation, Step
from sites.operations.kinds import kind_of
from sites.supervisor.heartbeat import EXPIRES_SECONDS, redis_client, reported_pid

SECONDS_TO_ANSWER = 0.5


def away_sentence(operation: Operation) -> str:
    """What holds while nobody works on an open operation; empty as long as its worker reports."""
    kind = kind_of(operation)
    if not is_working(operation) or has_worker(kind.queue_of(operation)):
        return ""
    holds = "Nothing has been changed yet; it begins"
    if operation.step in Operation.AFTER_SWITCH:
        holds = "What was switched stays switched; the rest goes on"
    elif operation.step != Step.REQUESTED:
        holds = "No address has been switched yet; it goes on"
    return (
        f"{kind.doing_to(operation.target)}: no worker has reported for {EXPIRES_SECONDS} s. "
        f"{holds} automatically when a worker is back. "
        "Wait for it, or look on the server: ./greenroom status tells more."
    )


def has_worker(queue: str) -> bool:
    """Whether the worker of `queue` reported lately; without Redis nobody can say so."""
    try:
        return reported_pid(redis_client(timeout=SECONDS_TO_ANSWER), queue) is not None
    except redis.RedisError:
        return False
