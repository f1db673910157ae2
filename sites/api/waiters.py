"""Requests that wait for an operation hold no thread; this bounds how many there are."""

from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial

from django.contrib.auth.models import User
from django.db import close_old_connections
from django.db.models import Q
from django.http import HttpResponse

from sites.door.answer import Held, note
from sites.errors import TooManyWaiting
from sites.models import Operation
from sites.publishing.waiting import AT_ONCE, Waiting

OPEN = Q(state__in=Operation.WORKING) | Operation.GOING_ON
MAX_WAITING = 1000
MAX_OF_ONE = 50
"""Of one person, whatever the number of tokens."""


def being_worked_on(operation_ids: Iterable[int]) -> set[int]:
    """Those of the operations that have neither ended nor come to a preview, which waits for a person."""
    close_old_connections()
    ids, found = sorted(operation_ids), set()
    for start in range(0, len(ids), AT_ONCE):
        some = Operation.objects.filter(OPEN, pk__in=ids[start : start + AT_ONCE])
        found |= set(some.order_by().values_list("pk", flat=True))
    return found


class Waiters:
    """All requests of this process that wait for an operation."""

    def __init__(self, *, most: int = MAX_WAITING, max_of_one: int = MAX_OF_ONE) -> None:
        self._waiting = Waiting(being_worked_on)
        self._max = most
        self._max_of_one = max_of_one
        self._of_one: Counter[int] = Counter()

    def hold(
        self, answer: HttpResponse, better: Callable[[], HttpResponse], *, user: User, operation: Operation, wait: float
    ) -> HttpResponse:
        """Have the door give what `better` makes, once the operation is settled or after `wait` seconds.

        Without the door `answer` is given. Raises TooManyWaiting.
        """
        if not self._has_room(user.pk):
            raise TooManyWaiting(count=self._of_one[user.pk], retry_after=5)
        return note(answer, Held(partial(self._wait, user.pk, operation.pk, wait), better))

    def stop(self) -> None:
        """End all waits: the server stops."""
        self._waiting.stop()

    def __len__(self) -> int:
        return self._of_one.total()

    def _has_room(self, user_id: int) -> bool:
        return len(self) < self._max and self._of_one[user_id] < self._max_of_one

    async def _wait(self, user_id: int, operation_id: int, seconds: float) -> None:
        """Not at all where others have taken the room since the question."""
        if not self._has_room(user_id):
            return
        self._of_one[user_id] += 1
        try:
            await self._waiting.until_ended(operation_id, seconds)
        finally:
            self._of_one[user_id] -= 1
            if not self._of_one[user_id]:
                del self._of_one[user_id]


waiters = Waiters()
"""Of this process."""
