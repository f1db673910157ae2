"""What `up` tells, and what the logs keep."""

import re
from pathlib import Path

import pytest

from sites.supervisor.journal import Journal, rotate, tail


def test_an_event_is_one_line_with_its_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Journal(tmp_path / "up.log").say("web", "ready, process 7", ["last words"])
    told = capsys.readouterr().out
    assert re.fullmatch(r"\d\d:\d\d:\d\d  web +ready, process 7\n +\| last words\n", told)
    assert (tmp_path / "up.log").read_text() == told


def test_the_tail_leaves_out_empty_lines(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    assert tail(log) == []
    log.write_bytes(b"one\n\ntwo\xff\n\nthree\n")
    assert tail(log, 2) == ["two�", "three"]


def test_a_large_log_moves_aside_while_its_writer_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"x" * 100)
        assert not rotate(log, limit=100)
        assert rotate(log, limit=99)
        writer.write(b"after")
    assert log.read_bytes() == b"after"
    assert (tmp_path / "web.log.1").read_bytes() == b"x" * 100


def test_nobodys_text_acts_on_the_terminal_or_begins_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "web.log").write_text("\x1b[31mred\u2028more\x85.\n")
    journal = Journal(tmp_path / "up.log")
    journal.say("database", "could not be prepared: \x1b]0;PWN\x07\n12:00:00  up ready", tail(tmp_path / "web.log"))
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
