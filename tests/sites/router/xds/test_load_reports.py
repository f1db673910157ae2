"""Counting what is in progress."""

import asyncio

from envoy.service.load_stats.v3 import lrs_pb2

from sites.router.xds.load_reports import LoadReports, Reporter


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def report(**counts: int) -> lrs_pb2.LoadStatsRequest:
    return lrs_pb2.LoadStatsRequest(
        cluster_stats=[
            {"cluster_name": name, "upstream_locality_stats": [{"total_requests_in_progress": count}]}
            for name, count in counts.items()
        ]
    )


def watching(reports: LoadReports, clock: Clock, node_id: str = "one") -> Reporter:
    """A reporter that has been told to watch `a`."""
    reporter = reports.connect(node_id)
    reports.counts(["a"], [node_id])
    clock.now += 0.25
    return reporter


def test_nothing_is_known_before_the_first_report() -> None:
    clock = Clock()
    reports = LoadReports(clock)
    assert reports.counts(["a"], ["one"]) == {"a": None}
    watching(reports, clock)
    assert reports.counts(["a"], ["one"]) == {"a": None}
    assert reports.counts(["a"], []) == {"a": None}


def test_a_cluster_absent_from_a_report_has_none_in_progress() -> None:
    clock = Clock()
    reports = LoadReports(clock)
    reporter = watching(reports, clock)
    reports.receive(reporter, report(a=2, other=7))
    assert reports.counts(["a"], ["one"]) == {"a": 2}
    reports.receive(reporter, report())
    assert reports.counts(["a"], ["one"]) == {"a": 0}


def test_all_nodes_are_summed_and_each_must_report() -> None:
    clock = Clock()
    reports = LoadReports(clock)
    one, two = watching(reports, clock, "one"), watching(reports, clock, "two")
    reports.receive(one, report(a=1))
    assert reports.counts(["a"], ["one", "two"]) == {"a": None}
    reports.receive(two, report(a=2))
    assert reports.counts(["a"], ["one", "two"]) == {"a": 3}
    reports.disconnect(two)
    assert reports.counts(["a"], ["one", "two"]) == {"a": None}


def test_a_report_sent_before_the_order_or_long_ago_does_not_count() -> None:
    clock = Clock()
    reports = LoadReports(clock)
    reporter = watching(reports, clock)
    reports.receive(reporter, report(a=1))
    reports.counts(["b"], ["one"])
    reports.receive(reporter, report(a=1))
    assert reports.counts(["a", "b"], ["one"]) == {"a": None, "b": None}
    clock.now += 0.25
    reports.receive(reporter, report(a=1))
    assert reports.counts(["a", "b"], ["one"]) == {"a": 1, "b": 0}
    clock.now += 3
    assert reports.counts(["a"], ["one"]) == {"a": None}


def test_only_what_was_asked_about_lately_is_watched() -> None:
    clock = Clock()
    reports = LoadReports(clock)
    reporter = watching(reports, clock)

    async def next_order() -> lrs_pb2.LoadStatsResponse:
        return await anext(reports.orders(reporter))

    order = asyncio.run(next_order())
    assert list(order.clusters) == ["a"]
    assert order.load_reporting_interval.ToMilliseconds() == 250
    clock.now += 6
    reports.tidy()
    order = asyncio.run(next_order())
    assert list(order.clusters) == []
    assert order.load_reporting_interval.ToSeconds() == 3600
