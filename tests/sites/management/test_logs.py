"""`./greenroom logs`: what a slot wrote, on a terminal."""

import io

import pytest
from django.core.management import call_command
from django.db import OperationalError

from sites.management.commands import logs
from sites.models import Slot
from tests.domain import Domain


@pytest.fixture
def production(domain: Domain) -> Slot:
    production, _ = domain.staged()
    for number, text in enumerate(("one", "two \x1b[2J", "three")):
        domain.runtime.write_log(production.live_revision_id, 0, f"2100-01-01T00:00:0{number}.000Z {text}")
    return production


def said(*arguments: str) -> list[str]:
    stdout = io.StringIO()
    call_command("logs", *arguments, stdout=stdout)
    return [line.split(" ", 3)[3] for line in stdout.getvalue().splitlines()]


def test_the_last_lines_of_a_slot_are_shown(production: Slot) -> None:
    assert said("contoso") == ["one", "two ", "three"]
    assert said("Contoso", "-n", "1") == ["three"]
    assert said("contoso", "--filter", "TWO") == ["two "]
    assert said("contoso", "--slot", "staging") == []


def test_it_goes_on_until_it_is_interrupted(domain: Domain, production: Slot, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = iter(["four", "five"])

    def sleep(seconds: float) -> None:
        text = next(looks, None)
        if text is None:
            raise KeyboardInterrupt
        domain.runtime.write_log(production.live_revision_id, 0, f"2100-01-01T00:00:09.000Z {text}")

    monkeypatch.setattr(logs.time, "sleep", sleep)
    assert said("contoso", "-f", "-n", "0") == ["four", "five"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nothing"], "There is no web site 'nothing'."),
        (["contoso", "--slot", "test"], "'contoso' has no slot 'test'. Its slots are: production, staging."),
    ],
)
def test_what_is_not_there_is_said(production: Slot, arguments: list[str], sentence: str) -> None:
    stderr = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("logs", *arguments, stderr=stderr)
    assert sentence in stderr.getvalue()


def test_a_folder_without_an_installation_is_a_sentence(
    production: Slot, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(**_: object) -> None:
        raise OperationalError("no such table: sites_slot")

    monkeypatch.setattr(logs.Slot.objects, "filter", fails)
    with pytest.raises(SystemExit):
        said("contoso")
    assert "There is no installation of Greenroom in" in capsys.readouterr().err
