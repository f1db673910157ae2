"""Counting requests in progress by Envoy's load reports, and only for the clusters that somebody asks about."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from envoy.service.load_stats.v3 import lrs_pb2

INTERVAL_SECONDS = 0.25
IDLE_INTERVAL_SECONDS = 3600.0
INTEREST_SECONDS = 5.0
"""How long a cluster stays watched after the last question."""
STALE_SECONDS = 2.0
"""A node whose last report is older does not count as reporting."""


@dataclass(slots=True)
class Reporter:
    """One Envoy's report stream."""

    seat: str
    watched: frozenset[str] = frozenset()
    watched_since: float = 0.0
    counts: dict[str, int] = field(default_factory=dict)
    served: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Cluster → requests and failures since it is watched."""
    reported_at: float = float("-inf")
    """When the last report came that covers all of `watched`."""
    order: asyncio.Event = field(default_factory=asyncio.Event)


class LoadReports:
    """What the nodes reported, summed on demand."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._asked_at: dict[str, float] = {}
        self._reporters: dict[str, Reporter] = {}

    def connect(self, seat: str) -> Reporter:
        """The Envoy of this seat has opened its report stream."""
        reporter = Reporter(seat)
        self._reporters[seat] = reporter
        self._watch(reporter)
        return reporter

    def disconnect(self, reporter: Reporter) -> None:
        """The report stream has ended."""
        if self._reporters.get(reporter.seat) is reporter:
            del self._reporters[reporter.seat]

    def counts(self, clusters: Iterable[str], seats: Iterable[str]) -> dict[str, int | None]:
        """Requests in progress by cluster, over `seats`; None while one of them has not reported it."""
        names, now = list(clusters), self._clock()
        self._asked_at.update(dict.fromkeys(names, now))
        self.tidy()
        expected = [self._reporters.get(seat) for seat in seats]
        return {name: self._sum(name, expected, now) for name in names}

    def served(self, clusters: Iterable[str], seats: Iterable[str]) -> dict[str, tuple[int, int] | None]:
        """Requests and failures by cluster since it is watched, over `seats`; None while one has not reported it."""
        names, now = list(clusters), self._clock()
        expected = [self._reporters.get(seat) for seat in seats]
        return {name: self._served(name, expected, now) for name in names}

    def tidy(self) -> None:
        """Stop watching what nobody asks about any more."""
        now = self._clock()
        self._asked_at = {name: at for name, at in self._asked_at.items() if now - at <= INTEREST_SECONDS}
        for reporter in self._reporters.values():
            self._watch(reporter)

    def receive(self, reporter: Reporter, request: lrs_pb2.LoadStatsRequest) -> None:
        """Take a report. A watched cluster that is absent from it has no request in progress."""
        now = self._clock()
        if not reporter.watched or now - reporter.watched_since < INTERVAL_SECONDS * 0.8:
            return  # sent before the node knew what is watched
        counts = dict.fromkeys(reporter.watched, 0)
        for cluster in request.cluster_stats:
            if cluster.cluster_name in counts:
                counts[cluster.cluster_name] += sum(
                    locality.total_requests_in_progress for locality in cluster.upstream_locality_stats
                )
            requests, failed = reporter.served.get(cluster.cluster_name, (0, 0))
            for locality in cluster.upstream_locality_stats:
                requests += locality.total_successful_requests + locality.total_error_requests
                failed += locality.total_error_requests
            reporter.served[cluster.cluster_name] = requests, failed
        reporter.served = {name: reporter.served.get(name, (0, 0)) for name in reporter.watched}
        reporter.counts = counts
        reporter.reported_at = now

    async def orders(self, reporter: Reporter) -> AsyncIterator[lrs_pb2.LoadStatsResponse]:
        """What to tell the node: at first, and whenever other clusters are to be watched."""
        while True:
            reporter.order.clear()
            reporter.watched_since = self._clock()
            interval = INTERVAL_SECONDS if reporter.watched else IDLE_INTERVAL_SECONDS
            yield lrs_pb2.LoadStatsResponse(
                clusters=sorted(reporter.watched), load_reporting_interval=timedelta(seconds=interval)
            )
            await reporter.order.wait()

    def _watch(self, reporter: Reporter) -> None:
        wanted = frozenset(self._asked_at)
        if wanted != reporter.watched:
            reporter.watched = wanted
            reporter.watched_since = self._clock()
            reporter.counts = {}
            reporter.order.set()

    def _served(self, name: str, expected: list[Reporter | None], now: float) -> tuple[int, int] | None:
        if self._sum(name, expected, now) is None:
            return None
        parts = [reporter.served.get(name, (0, 0)) for reporter in expected if reporter is not None]
        return sum(requests for requests, _ in parts), sum(failed for _, failed in parts)

    def _sum(self, name: str, expected: list[Reporter | None], now: float) -> int | None:
        total = 0
        for reporter in expected:
            if reporter is None or name not in reporter.counts or now - reporter.reported_at > STALE_SECONDS:
                return None
            total += reporter.counts[name]
        return total if expected else None
