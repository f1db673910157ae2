"""How many instances autoscale wants, and the sentence that says why."""

from dataclasses import replace

import pytest

from sites.jobs.deciding import Decision, Situation, decide
from sites.models import ScaleMetric, Times

CALM = Situation(
    count=3,
    least=1,
    most=10,
    times=Times.ALWAYS,
    metric=ScaleMetric.CPU,
    low=60,
    high=80,
    value=70.0,
    quiet_seconds=1000.0,
    out_seconds=60,
    in_seconds=300,
)


@pytest.mark.parametrize(
    ("value", "count"),
    [(60.0, None), (70.0, None), (80.0, None), (81.0, 4), (100.0, 5), (59.0, None), (40.0, 2), (10.0, 1), (0.0, 1)],
)
def test_the_count_brings_the_cpu_to_the_middle_of_its_target(value: float, count: int | None) -> None:
    decision = decide(replace(CALM, value=value))
    assert (decision and decision.count) == count


def test_what_would_leave_the_target_again_is_not_done() -> None:
    assert decide(replace(CALM, count=2, value=55.0)) is None
    assert decide(replace(CALM, count=2, value=39.0)).count == 1


def test_minimum_and_maximum_are_never_left() -> None:
    assert decide(replace(CALM, value=100.0, most=4)).count == 4
    assert decide(replace(CALM, value=100.0, most=3)) is None
    assert decide(replace(CALM, value=1.0, least=2)).count == 2
    assert decide(replace(CALM, value=1.0, least=3)) is None


def test_after_a_change_adding_waits_shortly_and_taking_away_longer() -> None:
    assert decide(replace(CALM, value=90.0, quiet_seconds=59.0)) is None
    assert decide(replace(CALM, value=90.0, quiet_seconds=60.0)).count == 4
    assert decide(replace(CALM, value=5.0, quiet_seconds=299.0)) is None
    assert decide(replace(CALM, value=5.0, quiet_seconds=300.0)).count == 1


def test_the_range_of_the_times_holds_at_once() -> None:
    night = replace(CALM, times=Times.NIGHT, most=2, quiet_seconds=0.0, value=None)
    assert decide(night) == Decision(2, "the maximum at night is 2")
    day = replace(CALM, times=Times.DAY, least=5, quiet_seconds=0.0)
    assert decide(day) == Decision(5, "the minimum by day is 5")


def test_nothing_is_decided_by_what_nobody_knows() -> None:
    assert decide(replace(CALM, value=None)) is None
    assert decide(replace(CALM, value=100.0, metric=ScaleMetric.NONE)) is None


def test_the_reason_names_figure_and_target() -> None:
    assert decide(replace(CALM, value=91.4)).reason == "the CPU was at 91 %, above the target of 60 to 80 %"
    busy = replace(CALM, metric=ScaleMetric.REQUESTS, low=5, high=10, value=25.0)
    assert decide(busy) == Decision(
        10, "there were 25.0 requests in flight per instance, above the target of 5 to 10 requests"
    )
