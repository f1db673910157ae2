"""Windows around switches, against control windows."""

import random

import pytest

from tools.bench.open_loop import Sample
from tools.bench.windows import Window, control_beginnings, cut, ratio, tail, throughput

HOST = "shop.localhost"


def chance(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311  moments, not secrets


def sample(due_at: float, latency: float = 0.002, *, is_right: bool = True) -> Sample:
    return Sample(due_at, due_at + latency, HOST, "1", is_right)


def steady(begin: float, latency: float = 0.002, count: int = 100) -> list[Sample]:
    return [sample(begin + number / 100, latency * (1 + number / 1000)) for number in range(count)]


def window(latency: float, slow: float, slow_count: int) -> Window:
    latencies = sorted([latency] * (100 - slow_count) + [slow] * slow_count)
    return Window(100, 100, tuple(latencies))


def test_a_window_holds_what_was_due_in_it() -> None:
    [found] = cut([sample(0.5), sample(1.0), sample(1.9), sample(2.0)], [1.0])
    assert found.offered == 2
    assert found.completed == 2
    assert found.latencies == pytest.approx((0.002, 0.002))


def test_an_answer_that_comes_after_the_window_is_offered_and_not_completed_in_it() -> None:
    [found] = cut([sample(1.2), sample(1.5, latency=0.8)], [1.0])
    assert (found.offered, found.completed) == (2, 1)
    assert max(found.latencies) == pytest.approx(0.8)


def test_a_wrong_answer_is_never_completed() -> None:
    [found] = cut([sample(1.2, is_right=False), sample(1.5)], [1.0])
    assert (found.offered, found.completed) == (2, 1)
    assert throughput([found]) == 0.5


def test_control_windows_fit_into_quiet_spans() -> None:
    quiet = [(0.0, 1.5), (3.0, 3.9), (5.0, 9.0)]
    beginnings = control_beginnings(quiet, 50, chance(1))
    assert len(beginnings) == 50
    for begin in beginnings:
        assert any(start <= begin and begin + 1 <= end for start, end in quiet)


def test_every_quiet_span_is_used_before_one_is_used_twice() -> None:
    quiet = [(float(start), start + 2.0) for start in range(0, 100, 5)]
    beginnings = control_beginnings(quiet, len(quiet), chance(1))
    assert sorted(int(begin // 5) for begin in beginnings) == list(range(len(quiet)))


def test_the_tail_is_that_of_all_requests_together() -> None:
    assert tail([window(0.002, 0.1, 0), window(0.002, 0.1, 3)]) == 0.1
    assert tail([window(0.002, 0.1, 0), window(0.002, 0.1, 0), window(0.002, 0.1, 2)]) == 0.002


def test_equal_windows_have_the_ratio_one() -> None:
    windows = cut([one for begin in range(40) for one in steady(float(begin))], [float(begin) for begin in range(40)])
    found = ratio(windows[::2], windows[1::2], chance(1), resamples=200)
    assert found.value == pytest.approx(1.0)
    assert found.low <= 1.0 <= found.high


def test_slow_switches_show_with_an_interval_above_one() -> None:
    moments = chance(3)
    around = [window(0.002, moments.uniform(0.018, 0.022), 3) for _ in range(100)]
    control = [window(0.002, moments.uniform(0.009, 0.011), 3) for _ in range(100)]
    found = ratio(around, control, chance(1), resamples=300)
    assert found.value == pytest.approx(2.0, rel=0.1)
    assert 1.2 < found.low <= found.value <= found.high


def test_one_outlier_widens_the_interval_and_does_not_move_the_median() -> None:
    control = [window(0.002, 0.004, 4) for _ in range(100)]
    around = [*control[:-1], window(0.002, 3.0, 50)]
    found = ratio(around, control, chance(1), resamples=300)
    assert found.value == pytest.approx(1.0)
    assert found.low <= 1.0 <= found.high
