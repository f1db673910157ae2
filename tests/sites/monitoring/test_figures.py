"""Figures of spans of any length come from counters that only grow, and can be put together."""

import pytest

from sites.monitoring.figures import METRICS, grown, of_codes, percentile, together, value_of


def test_codes_are_counted_by_class_and_the_single_ones_that_are_shown() -> None:
    codes = {"200": 5, "204": 1, "304": 2, "404": 3, "406": 1, "418": 1, "503": 4}
    assert of_codes(codes) == {"requests": 17, "2xx": 6, "3xx": 2, "4xx": 5, "404": 3, "406": 1, "5xx": 4}
    assert of_codes({}) == {}


def test_counters_that_have_begun_anew_count_from_nothing() -> None:
    assert grown({"200": 10, "404": 5}, {"200": 12, "404": 3, "500": 1}) == {"200": 2, "404": 3, "500": 1}
    assert grown({"200": 10}, {"200": 10}) == {}


def test_sums_add_up_levels_have_their_highest_and_times_are_counted_together() -> None:
    spans = [
        {"requests": 2, "2xx": 2, "memory": 100, "instances": 1, "times": {"5": 2}},
        {"requests": 1, "5xx": 1, "memory": 300, "times": {"5": 1, "25": 1}},
        {},
    ]
    assert together(spans) == {
        "requests": 3,
        "2xx": 2,
        "5xx": 1,
        "memory": 300,
        "instances": 1,
        "times": {"5": 3, "25": 1},
    }
    assert together([]) == {}


@pytest.mark.parametrize(
    ("times", "share", "milliseconds"),
    [
        ({}, 0.5, None),
        ({"10": 4}, 0.5, 7.5),
        ({"10": 50, "1000": 50}, 0.5, 10.0),
        ({"10": 90, "1000": 10}, 0.95, 750.0),
        ({"1": 1}, 1.0, 1.0),
    ],
)
def test_a_percentile_lies_within_the_bucket_of_its_answer(
    times: dict[str, int], share: float, milliseconds: float | None
) -> None:
    assert percentile(times, share) == milliseconds


def test_each_metric_has_a_value_or_none_where_nobody_has_measured() -> None:
    nothing = {metric.name: value_of({}, metric.name) for metric in METRICS}
    assert {name for name, value in nothing.items() if value is None} == {
        *("p50", "p95", "p99", "memory", "instances", "endpoint_1_ms", "endpoint_2_ms"),
    }
    assert value_of({"times": {"10": 4}}, "p50") == 7.5
