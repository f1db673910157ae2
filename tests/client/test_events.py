"""What happened, on a terminal or in a pipe."""

import json
from collections.abc import Callable

import pytest

from client.commands import events
from client.exits import Exit
from sites.events import order
from tests.domain import Domain

Run = Callable[..., int]


@pytest.fixture(autouse=True)
def happened(greenroom: Run) -> None:
    """A site with staging was made, and published to twice."""
    order.hand_on()


def types(text: str) -> list[str]:
    return [line.split()[2] for line in text.splitlines()]


def test_events_are_shown_oldest_first_and_in_parts(
    greenroom: Run, domain: Domain, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    domain.create("fabrikam")
    order.hand_on()
    monkeypatch.setattr(events, "AT_ONCE", 2)
    assert greenroom("events") == Exit.DONE
    every = capsys.readouterr().out
    assert types(every) == [*["operation.succeeded"] * 2, *["publication.succeeded"] * 2, "operation.succeeded"]
    assert "Published 'two' to 'contoso (staging)'" in every
    second = every.splitlines()[1].split()[0]
    assert greenroom("events", "contoso", "--after", second) == Exit.DONE
    assert types(capsys.readouterr().out) == ["publication.succeeded"] * 2
    assert greenroom("events", "--type", "publication.succeeded", "--json") == Exit.DONE
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["cloud_event"]["data"]["site"] for one in told] == ["contoso"] * 2
    assert greenroom("events", "nowhere") == Exit.DONE
    assert capsys.readouterr().out == ""


def test_following_begins_with_what_is_new_until_it_is_interrupted(
    greenroom: Run, domain: Domain, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) > 2:
            raise KeyboardInterrupt
        domain.create(f"site-{len(pauses)}")
        order.hand_on()

    monkeypatch.setattr(events.time, "sleep", sleep)
    assert greenroom("events", "-f") == Exit.DONE
    lines = capsys.readouterr().out.splitlines()
    assert ["site-1" in lines[0], "site-2" in lines[1], len(lines)] == [True, True, 2]
