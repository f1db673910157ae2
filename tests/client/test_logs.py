"""The log of a slot on a terminal or in a pipe."""

import json
from collections.abc import Callable

import pytest

from client.commands import logs
from client.exits import Exit
from sites.models import Slot
from tests.domain import Domain

Run = Callable[..., int]


@pytest.fixture(autouse=True)
def written(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    """Production has written two lines."""
    domain.runtime.write_log(slots[0].live_revision_id, 0, "2100-01-01T00:00:00.000Z one", "\x1b[31mtwo")


def test_the_last_lines_are_printed(greenroom: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert greenroom("logs", "contoso") == Exit.DONE
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in lines] == ["one", "two"]
    assert greenroom("logs", "contoso", "-n", "1", "--json") == Exit.DONE
    assert json.loads(capsys.readouterr().out)["text"] == "two"
    assert greenroom("logs", "contoso", "--slot", "staging") == Exit.DONE
    assert greenroom("logs", "contoso", "--requests") == Exit.DONE
    assert capsys.readouterr().out == ""


def test_it_goes_on_until_it_is_interrupted(
    greenroom: Run,
    domain: Domain,
    slots: tuple[Slot, Slot],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) > 2:
            raise KeyboardInterrupt
        domain.runtime.write_log(slots[0].live_revision_id, 0, f"2100-01-01T00:00:0{len(pauses)}.000Z later")

    monkeypatch.setattr(logs.time, "sleep", sleep)
    assert greenroom("logs", "contoso", "-f", "--filter", "LATER") == Exit.DONE
    assert [line.split()[-1] for line in capsys.readouterr().out.splitlines()] == ["later", "later"]


def test_a_slot_is_opened_in_the_browser(
    greenroom: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened: list[str] = []

    def launch(address: str) -> int:
        opened.append(address)
        return len(opened) - 1

    monkeypatch.setattr("click.launch", launch)
    assert greenroom("open", "contoso", "--slot", "staging") == Exit.DONE
    assert capsys.readouterr().out.strip() == opened[0] == "http://contoso-staging.localhost:8080/"
    assert greenroom("open", "contoso") == Exit.DONE
    assert "Open the address yourself" in capsys.readouterr().err
