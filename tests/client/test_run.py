"""A command from elsewhere: what it writes is printed, and its exit code is the client's."""

from collections.abc import Callable

import pytest

from client.commands import run
from client.exits import Exit
from sites.jobs import one_off_commands as job
from sites.models import OneOffCommand
from sites.planning import command_log
from tests.domain import Domain

Run = Callable[..., int]


@pytest.fixture(autouse=True)
def paced(domain: Domain, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Each pause is a look of the job; the command writes a line in the first, and ends in the third."""
    domain.runtime.run_exit_code = None
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        job.run()
        command = OneOffCommand.objects.get()
        with command_log(command.run_id).open("a") as log:
            log.write(f"line {len(pauses)} \x1b[31m\n")
        if len(pauses) == 3:
            domain.runtime.end_run_with(command.run_id, 3)
            job.run()

    monkeypatch.setattr(run.time, "sleep", sleep)
    return pauses


def test_what_it_writes_is_printed_and_its_exit_code_is_returned(
    greenroom: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert greenroom("run", "contoso", "--", "python", "manage.py", "load", "two words", "--all") == 3
    shown = capsys.readouterr()
    assert [line[:6] for line in shown.out.splitlines()] == ["line 1", "line 2", "line 3"]
    assert "\x1b" not in shown.out
    assert "The command ended with exit code 3." in shown.err
    assert OneOffCommand.objects.get().line == "python manage.py load 'two words' --all"


def test_an_interrupt_has_it_stopped(
    greenroom: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run.time, "sleep", interrupt)
    assert greenroom("run", "contoso", "--slot", "staging", "--", "sleep", "60") == 130
    assert "The command is stopped." in capsys.readouterr().err
    assert OneOffCommand.objects.get().stopped_by == "alice"


def test_a_refusal_is_told(greenroom: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert greenroom("run", "contoso", "--", "x" * 5000) == Exit.REFUSED
    assert "4000 characters" in capsys.readouterr().err
