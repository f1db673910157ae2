"""Words of the status page."""

import json
from datetime import timedelta

import pytest
from django.conf import settings

from sites.supervisor import report
from sites.supervisor.report import ago


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
    assert report._limits() == "per process only, nothing bounds their sum"


def test_the_page_claims_no_limits_while_the_agent_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(report, "ask", nobody)
    assert report._limits() == "unknown"
