"""What has changed since the last look: a few queries, however many pages are open."""

import time
from collections.abc import Iterable
from typing import Any

from django.db import close_old_connections
from django.db.models import Max, Q

from portal import workers
from portal.news.change import Change, News
from portal.news.instances import Instances
from portal.news.told import Told, told
from sites.access import people_of_sites, people_of_subscriptions
from sites.models import Operation, OperationStep, Site
from sites.operations.kinds import kind_of
from sites.supervisor.health import QUEUES

SETTLING_SECONDS = 10.0
"""So long an operation that has ended is still looked at: the figures of a swap come some seconds after it."""
WORKERS_EVERY = 2.0
"""Seconds between two looks at the workers, while there is work: a page says when nobody is there for it."""


class Look:
    """Compares what is with what was. One thread at a time."""

    def __init__(self, tidings: Told = told) -> None:
        self.is_busy = False
        """Whether an operation is open, so that more news is near."""
        self._told = tidings
        self._newest: int | None = None
        self._operations: dict[int, tuple[Any, ...]] = {}
        self._ended: dict[int, float] = {}
        self._leaving: dict[int, frozenset[int]] = {}
        self._instances = Instances()
        self._absent: frozenset[str] = frozenset()
        self._workers_at = 0.0

    def __call__(self) -> dict[int, News]:
        """News of each person who has any, by number; nothing at the first look, which only remembers."""
        close_old_connections()
        changes = [*self._of_operations(), *self._instances.changes(), *self._of_what_was_told()]
        return _for_people(changes)

    def _of_operations(self) -> list[Change]:
        is_first = self._newest is None
        if self._newest is None:
            self._newest = Operation.objects.aggregate(newest=Max("pk"))["newest"] or 0
        now = time.monotonic()
        self._ended = {pk: at for pk, at in self._ended.items() if now - at < SETTLING_SECONDS}
        known = {pk for pk, seen in self._operations.items() if not seen[1]} | self._ended.keys()
        wanted = Q(state__in=Operation.OPEN) | Q(pk__gt=self._newest) | Q(pk__in=known)
        rows = Operation.objects.filter(wanted).select_related("site", "swap").order_by("pk")
        found = list(rows.defer("before", "swap__settings_before"))  # encrypted, and of no concern here
        is_open = [operation.pk for operation in found if operation.is_open]
        said = OperationStep.objects.filter(operation__in=is_open, ended_at=None)
        sentences = dict(said.values_list("operation_id", "sentence"))
        self.is_busy = any(operation.state in Operation.WORKING for operation in found)
        absent = self._who_is_away() if self.is_busy else frozenset()
        changes, former, self._operations = [], self._operations, {}
        for operation in found:
            pk, state = operation.pk, operation.state
            # The record of a one-off command has its state before its command has ended
            has_ended = not (operation.is_open or operation.goes_on)
            seen, before = (state, has_ended, *_shown(operation), sentences.get(pk), absent), former.get(pk)
            if operation.site and operation.is_open and kind_of(operation).is_deletion and pk not in self._leaving:
                name = operation.site.name
                self._leaving[pk] = frozenset(people_of_sites([name]).get(name, ()))
            if seen != before and not is_first:
                changes.append(self._of_operation(operation, is_state=before is None or before[:2] != seen[:2]))
            if has_ended:
                self._ended.setdefault(pk, now)
            self._operations[pk] = seen
        self._leaving = {pk: people for pk, people in self._leaving.items() if pk in self._operations}
        self._newest = max([self._newest, *(operation.pk for operation in found)])
        return changes

    def _of_operation(self, operation: Operation, *, is_state: bool) -> Change:
        kind = kind_of(operation)
        return Change(
            site=operation.site.name if operation.site else operation.target,
            subscription_id=operation.subscription_id,
            actor_id=operation.actor_id,
            is_state=is_state,
            is_list=is_state and (kind.is_creation or kind.is_deletion),
            also=self._leaving.get(operation.pk, frozenset()),
        )

    def _who_is_away(self) -> frozenset[str]:
        """Queues whose worker does not report; Redis is asked now and then, and only while there is work."""
        now = time.monotonic()
        if now - self._workers_at >= WORKERS_EVERY:
            self._absent, self._workers_at = frozenset(one for one in QUEUES if not workers.has_worker(one)), now
        return self._absent

    def _of_what_was_told(self) -> list[Change]:
        tidings = self._told.take()
        if not tidings:
            return []
        names = {name for name, _ in tidings if name}
        subscriptions = dict(Site.objects.filter(name__in=names).values_list("name", "subscription_id"))
        return [
            Change(name, subscriptions.get(name), actor_id=user, is_state=True, is_list=not name)
            for name, user in tidings
        ]


def _shown(operation: Operation) -> tuple[Any, ...]:
    """What pages say of an operation, beside its state and the sentence of its step."""
    swap = getattr(operation, "swap", None)
    figures = (swap.requests, swap.complete_requested_at) if swap else ()
    return operation.step, operation.waits_for_id, operation.cancel_requested_at, *figures


def _for_people(changes: Iterable[Change]) -> dict[int, News]:
    """Who may see a site is asked anew each time, so whose role has ended hears no more of it."""
    found: dict[int, News] = {}
    changes = list(changes)
    if not changes:
        return found
    everywhere = people_of_subscriptions({one.subscription_id for one in changes if one.subscription_id})
    there = people_of_sites({one.site for one in changes if one.site})
    for change in changes:
        people = everywhere.get(change.subscription_id or 0, set()) | there.get(change.site, set()) | change.also
        for user_id in people | ({change.actor_id} if change.actor_id else set()):
            found.setdefault(user_id, News()).add(change, user_id)
    return found
