"""A report says the same in words and in figures, and proves nothing when something was noticed."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tools.demo.report import Report
from tools.prober.analysis import Findings

CLEAN = Report(
    findings=Findings(requests=20_412, by_kind={"keep-alive": 20_000, "WebSocket": 412}),
    swap_seconds=[0.5, 0.7, 1.9],
    sessions=3,
    retried=0,
)


def with_findings(**changes: int) -> Report:
    return replace(CLEAN, findings=replace(CLEAN.findings, **changes))


def test_a_clean_demonstration_is_proven_and_says_so():
    assert CLEAN.is_proven
    text = "\n".join(CLEAN.sentences())
    assert "20,412 requests in 2 ways" in text
    assert "None failed." in text
    assert "3 swaps, there and back: 0.5 to 1.9 s, half of them within 0.7 s." in text
    assert "3 signed-in people stayed signed in through every swap." in text
    assert text.endswith("Proved: visitors noticed none of these swaps.")


@pytest.mark.parametrize("figure", ["failed", "stale_after_swap", "went_back", "sessions_lost", "mixups"])
def test_whatever_a_visitor_could_notice_proves_the_contrary(figure):
    report = with_findings(**{figure: 1})
    assert not report.is_proven
    assert report.sentences()[-1].startswith("Not proved")


def test_nothing_is_proven_without_a_swap():
    assert not replace(CLEAN, swap_seconds=[]).is_proven


def test_counters_that_could_not_be_read_are_not_called_zero():
    text = "\n".join(replace(CLEAN, retried=None).sentences())
    assert "could not be read" in text


def test_the_file_has_the_figures(tmp_path: Path):
    CLEAN.write(tmp_path / "report.json")
    figures = json.loads((tmp_path / "report.json").read_text())
    assert figures["swap_seconds"] == [0.5, 0.7, 1.9]
    assert figures["swaps"] == 3
    for name in (
        "requests",
        "failed",
        "stale_after_swap",
        "went_back",
        "sessions_lost",
        "mixups",
        "reopened",
        "retried",
    ):
        assert isinstance(figures[name], int)


def test_what_failed_is_told_with_its_number():
    report = replace(CLEAN, findings=replace(CLEAN.findings, failed=7, failures={"POST: connection refused": 7}))
    assert "  7 × POST: connection refused" in report.sentences()
