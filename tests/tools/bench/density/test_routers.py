"""The router beside others."""

from pathlib import Path

import pytest

from tools.bench import nginx
from tools.bench.density import routers
from tools.bench.density.routers import Candidate
from tools.bench.density.story import KEYS, TARGETS
from tools.bench.report import Report


def test_a_quotient_is_that_of_each_round_without_the_first() -> None:
    ours = Candidate("ours", 1, 1, cpu_us=[900.0, 20.0, 30.0, 40.0])
    bare = Candidate("bare", 2, 2, cpu_us=[1.0, 10.0, 10.0, 10.0])
    assert routers._ratio(ours.cpu_us, bare.cpu_us) == 3.0


def test_what_could_not_be_measured_is_no_miss() -> None:
    figures = dict.fromkeys(KEYS) | {"latency_ratio": 1.0}
    assert Report(figures, KEYS, TARGETS).missed == []
    assert Report(figures | {"start_ratio": 1.6}, KEYS, TARGETS).missed == ["start_ratio"]


def test_a_program_that_cannot_be_fetched_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nginx.shutil, "which", lambda *_, **__: None)
    with pytest.raises(nginx.NotAvailable, match="haproxy is missing"):
        nginx.program(tmp_path, "haproxy")
