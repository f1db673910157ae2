"""The report has the keys that it promises, and judges each figure that has a target."""

import pytest

from tools.bench.control_plane.lifetime import Check, Lifetime
from tools.bench.control_plane.report import TARGETS, put_together
from tools.bench.report import Report

INSIDE: dict[str, object] = {
    "pss_mb": 300.0,
    "python_processes": 8,
    "swap_cpu_ms": 40.0,
    "idle_cpu_ms_per_second": {"10": 12.0, "1000": 15.0},
    "queries_swap_post": 15,
    "queries_swap_job": 50,
    "queries_dashboard": 20,
}


def report(**changes: object) -> Report:
    lifetime = Lifetime(starts=[2.0, 9.0, 2.5], stops=[1.0, 3.0, 2.0])
    return put_together({**INSIDE, **changes}, lifetime, Check(seconds=1.25, cpu_seconds=1.0))


def test_times_are_those_of_one_check() -> None:
    figures = report().figures
    assert (figures["start_ratio"], figures["stop_seconds"], figures["swap_cpu_ratio"]) == (2.0, 2.0, 0.04)
    assert report().missed == []


@pytest.mark.parametrize("key", TARGETS)
def test_a_figure_beyond_its_target_is_missed(key: str) -> None:
    figures = report().figures
    outer, _, inner = key.partition(".")
    beyond = TARGETS[key].bound + 0.01
    changed = {**figures[outer], inner: beyond} if inner else beyond  # type: ignore[dict-item]
    found = Report({**figures, outer: changed}, report().keys, report().targets)
    assert found.missed == [key]
    assert f"Missed: {key}." in found.sentences()
