"""The measurement of density on a real system, small: every figure comes about."""

import pytest

from tools.bench.density.story import KEYS

pytestmark = pytest.mark.benchmark
MEASUREMENT = "density"


def test_every_figure_comes_about(figures: dict[str, object]) -> None:
    assert set(KEYS) <= set(figures)
    assert all(figures[key] is not None for key in KEYS if key not in ("readopt_seconds_500", "cpu_ratio_haproxy"))
    assert figures["rows_per_active_slot_day"] > 1000
