"""Words of the status page."""

import json
import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone
from pytest_django import Settings

from sites.models import Operation, OperationState
from sites.runtime.agent.identity import identify
from sites.supervisor import report
from sites.supervisor.records import Record, write_record
from sites.supervisor.report import status_lines
from sites.supervisor.spans import ago
from tests.domain import Domain


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-1, "0 s ago"), (119, "119 s ago"), (120, "2 min ago"), (7200, "2 h ago"), (200_000, "2 days ago")],
)
def test_a_span_is_said_in_its_largest_useful_unit(seconds: int, words: str) -> None:
    assert ago(timedelta(seconds=seconds)) == words


def test_the_page_says_what_the_agent_found_to_hold_the_sites(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = ["an own network", "limits per process only, nothing bounds their sum"]
    answers = {(settings.AGENT_SOCKET, "/status"): (200, json.dumps({"facts": facts}).encode())}
    monkeypatch.setattr(report, "ask", lambda *question: answers[question])
    assert report._found_by_the_agent() == {
        "Limits of sites": "per process only, nothing bounds their sum",
        "Files beside the code": "applications may write some, until the instance ends",
    }


def test_the_page_says_why_applications_cannot_write_beside_their_code(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = {"facts": [], "no_layer": "applications cannot write beside their code (unknown file system)"}
    monkeypatch.setattr(report, "ask", lambda *_: (200, json.dumps(answer).encode()))
    assert report._found_by_the_agent()["Files beside the code"] == answer["no_layer"]


def test_the_page_claims_no_limits_while_the_agent_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(report, "ask", nobody)
    assert set(report._found_by_the_agent().values()) == {"unknown"}


def test_what_strangers_wrote_is_one_line_that_does_nothing(
    domain: Domain, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CELERY_BROKER_URL = "redis+socket:///nowhere"
    monkeypatch.setattr(report, "_database", lambda: "SQLite, in memory")
    values = {"kind": "publish", "target": "contoso", "actor_name": "al\x1b[31mice"}
    Operation.objects.create(**values)
    outcome = "The build of '\x1b]0;PWN\x07\u202e' failed.\nIts last lines:\n  2026-11-27 12:00 UTC  forged"
    Operation.objects.create(**values, state=OperationState.FAILED, outcome=outcome, ended_at=timezone.now())
    page = status_lines(None)
    failed = page[page.index("Last failures") + 1 :]
    assert len(failed) == 1 and failed[0].endswith(r"The build of '\x1b]0;PWN\x07\u202e' failed.")
    assert any(r"publication of contoso by al\x1b[31mice, begun" in line for line in page)
    assert not [line for line in page if not line.isprintable()]


def test_a_part_that_hung_says_so_on_the_page_and_to_the_doctor(tmp_path: Path, settings: Settings) -> None:
    settings.RUN_DIR = tmp_path
    own = identify(os.getpid())
    assert own is not None
    hung = "did not answer for 31 s and was replaced on 2026-11-28 at 03:10:12 UTC"
    write_record(tmp_path, Record("agent", own, "", 0.0, restarts=1, last_hang=hung))
    lines = report._processes()
    at = next(number for number, line in enumerate(lines) if line.startswith("  agent"))
    assert lines[at].endswith("restarted 1 times")
    assert lines[at + 1].strip() == hung
    assert report.hang_lines() == [f"agent {hung}."]
