"""What `up` tells."""

import re
from pathlib import Path

import pytest

from sites.supervisor.journal import Journal


def test_an_event_is_one_line_with_its_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Journal(tmp_path / "up.log").say("web", "ready, process 7", ["last words"])
    told = capsys.readouterr().out
    assert re.fullmatch(r"\d\d:\d\d:\d\d  web +ready, process 7\n +\| last words\n", told)
    assert (tmp_path / "up.log").read_text() == told


def test_nobodys_text_acts_on_the_terminal_or_begins_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal = Journal(tmp_path / "up.log")
    journal.say("database", "could not be prepared: \x1b]0;PWN\x07\n12:00:00  up ready", ["\x1b[31mred\u2028more\x85."])
    told = capsys.readouterr().out
    assert (tmp_path / "up.log").read_text() == told
    first, *rest = told.splitlines()
    assert first.endswith(r"could not be prepared: \x1b]0;PWN\x07")
    assert [line.strip() for line in rest] == ["| 12:00:00  up ready", r"| \x1b[31mred\u2028more\x85."]


def test_a_secret_stands_on_the_terminal_and_in_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal = Journal(tmp_path / "up.log")
    journal.write("before")
    journal.show("http://localhost:8080/welcome/token/")
    assert "/welcome/token/" in capsys.readouterr().out
    assert (tmp_path / "up.log").read_text() == "before\n"
