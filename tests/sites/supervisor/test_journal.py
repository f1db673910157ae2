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
