"""Which instances are not as they were, and which slots were unloaded or woken."""

import time
from typing import Any

from django.db.models import Count, F, Max, Q, Sum

from portal.news.change import Change
from sites.models import Instance, Rest, Revision

EVERY_SECONDS = 1.0


class Instances:
    """All of them are summed up in the database; only when a sum differs, the rows are read."""

    def __init__(self) -> None:
        self._stamp: dict[str, Any] | None = None
        self._rows: dict[int, tuple[Any, ...]] = {}
        self._resting: set[tuple[int, str, str, int]] = set()
        self._at = float("-inf")

    def changes(self) -> list[Change]:
        """Of each instance that is not as it was at the last look; none at the first."""
        now = time.monotonic()
        if now - self._at < EVERY_SECONDS:
            return []
        self._at = now
        stamp = Instance.objects.aggregate(
            count=Count("pk"),
            newest=Max("pk"),
            running=Sum("pk", filter=Q(observed_state="running")),
            failing=Sum("pk", filter=Q(is_failing=True)),
            warm=Sum("pk", filter=Q(is_warm=True)),
            restarts=Sum(F("pk") * F("restarts")),
            codes=Sum(F("pk") * F("exit_code")),
        )
        resting = Revision.objects.filter(rest__in=(Rest.UNLOADED, Rest.LOADING))
        stamp |= resting.aggregate(unloaded=Sum("pk", filter=Q(rest=Rest.UNLOADED)), loading=Sum("pk"))
        if stamp == self._stamp:
            return []
        is_first, self._stamp = self._stamp is None, stamp
        rows = Instance.objects.order_by().values_list(
            "pk", "is_failing", "observed_state", "restarts", "is_warm", "exit_code",
            "revision__site__name", "revision__site__subscription_id",
        )  # fmt: skip
        former, self._rows = self._rows, {row[0]: row for row in rows}
        rests = resting.values_list("pk", "rest", "site__name", "site__subscription_id")
        former_resting, self._resting = self._resting, set(rests)
        if is_first:
            return []
        changed = former_resting ^ self._resting
        changes = {Change(name, subscription_id, is_state=True) for _, _, name, subscription_id in changed}
        for pk in former.keys() | self._rows.keys():
            before, after = former.get(pk), self._rows.get(pk)
            row = after or before
            if row is None or before == after:
                continue
            is_state = bool(before and before[1]) != bool(after and after[1])
            changes.add(Change(row[6], row[7], is_state=is_state))
        return list(changes)
