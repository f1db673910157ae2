"""The measurement of the control plane on a real system, small: every figure comes about and is of a working system."""

import pytest

pytestmark = pytest.mark.benchmark
MEASUREMENT = "control-plane"


def test_memory_is_that_of_all_parts_without_the_router(figures: dict[str, object]) -> None:
    parts = figures["pss_mb_by_part"]
    assert {
        "up",
        "forkserver",
        "redis",
        "agent",
        "xds",
        "guard",
        "web",
        "worker-control",
        "worker-work",
        "beat",
    } == set(parts)
    assert sum(parts.values()) == pytest.approx(figures["pss_mb"], abs=1)
    assert figures["python_processes"] >= len(parts) - 1


def test_times_are_compared_with_one_check(figures: dict[str, object]) -> None:
    assert figures["start_ratio"] == pytest.approx(figures["start_seconds"] / figures["check_seconds"], rel=0.1)
    assert 0 < figures["stop_seconds"] < 60
    assert 0 < figures["swap_cpu_ratio"] < 1


def test_idle_cost_and_queries_are_there(figures: dict[str, object]) -> None:
    assert set(figures["idle_cpu_ms_per_second"]) == {"10", "30"}
    assert all(0 < spent < 1000 for spent in figures["idle_cpu_ms_per_second"].values())
    assert figures["queries_swap_post"] > 0 < figures["queries_dashboard"]
    assert figures["queries_swap_job"] > figures["queries_swap_post"]
