"""What `./greenroom dev` starts, restarts and ends. Its programs are small ones here; up itself is tried by hand."""

import signal
from pathlib import Path

import pytest
from pytest_django import Settings

from tools.dev import session
from tools.dev.session import Session
from tools.dev.sources import Sources

UP = """
import os, pathlib, sys, time
told = pathlib.Path(__file__).with_name("told")
with told.open("a") as file:
    file.write(f"{sys.argv[1]} debug={os.environ['GREENROOM_DEBUG']} without={os.environ['GREENROOM_LEFT_OUT']}\\n")
if sys.argv[1] == "up":
    while told.read_text().count("\\n") < 2:
        time.sleep(0.01)
    sys.exit(3)
"""


def test_a_change_restarts_the_control_plane_and_the_end_of_up_is_the_end(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "manage.py").write_text(UP)
    settings.BASE_DIR = tmp_path
    monkeypatch.setattr(session, "LOOK_SECONDS", 0.01)
    told = tmp_path / "told"
    monkeypatch.setattr(session, "_is_ready", lambda: told.exists() and told.read_text() != "")
    source = tmp_path / "code" / "views.py"
    source.parent.mkdir()
    said: list[str] = []
    sources = Sources([source.parent])
    source.write_text("changed = True\n")
    assert Session(sources, "", said.append).run() == 3
    assert said == ["views.py changed; the control plane restarts."]
    assert told.read_text().splitlines() == ["up debug=1 without=", "restart debug=1 without="]


ENDED_BY = """
import os, pathlib, signal
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
os.kill(os.getppid(), {number})
signal.sigwait([signal.SIGINT])
pathlib.Path(__file__).with_name("told").write_text("stopped in order")
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_up_as_ctrl_c_does(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    (tmp_path / "manage.py").write_text(ENDED_BY.format(number=int(number)))
    settings.BASE_DIR = tmp_path
    monkeypatch.setattr(session, "LOOK_SECONDS", 0.01)
    # A shell has it ignored in what a script starts with `&`
    before = signal.SIG_IGN if number == signal.SIGINT else signal.SIG_DFL
    former = signal.signal(number, before)
    try:
        assert Session(Sources([tmp_path / "code"]), "", lambda _: None).run() == 0
        assert signal.getsignal(number) == before
    finally:
        signal.signal(number, former)
    assert (tmp_path / "told").read_text() == "stopped in order"


def test_nohup_keeps_it_when_the_terminal_ends() -> None:
    former = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Session(Sources([]), "", lambda _: None)._signals():
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, former)
