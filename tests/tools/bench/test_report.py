"""The report has every key, and says what is missed."""

import json
from pathlib import Path

from tools.bench.report import KEYS, TARGETS, Report

GOOD = dict.fromkeys(KEYS, 0) | {"throughput_ratio": 1.0, "swaps": 200, "requests": 90_000}


def test_good_figures_miss_nothing() -> None:
    report = Report(GOOD)
    assert report.missed == []
    assert report.sentences()[-1] == "Every figure that was measured is what it should be."


def test_each_target_can_be_missed() -> None:
    for key, target in TARGETS.items():
        beyond = target.bound - 0.01 if target.is_minimum else target.bound + 0.01
        assert Report({**GOOD, key: beyond}).missed == [key]
        assert Report({**GOOD, key: target.bound}).missed == []


def test_a_figure_whose_interval_reaches_beyond_its_target_is_missed() -> None:
    figures = {**GOOD, "p99_ratio": 1.05}
    assert Report({**figures, "p99_ratio_interval": [0.9, 1.15]}).missed == []
    assert Report({**figures, "p99_ratio_interval": [0.3, 2.4]}).missed == ["p99_ratio"]


def test_what_was_not_measured_is_said_and_not_missed() -> None:
    report = Report({**GOOD, "cost_ratio_10000": None})
    assert report.missed == []
    assert any("cost_ratio_10000" in line and "not measured" in line for line in report.sentences())


def test_the_file_holds_every_figure(tmp_path: Path) -> None:
    Report({**GOOD, "p99_ratio_interval": [0.9, 1.1]}).write(tmp_path / "report.json")
    written = json.loads((tmp_path / "report.json").read_text())
    assert set(KEYS) <= set(written)
    assert written["p99_ratio_interval"] == [0.9, 1.1]
