"""A start is given up when it gets no further, not when it takes long."""

import subprocess
import sys

import pytest

from sites.supervisor import patience
from sites.supervisor.patience import Patience, session_seconds


class Start:
    """A clock, and a part that has used so much processor time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        self.used = 0.0
        monkeypatch.setattr(patience.time, "monotonic", lambda: self.now)
        self.patience = Patience(1, 60, used=lambda _: self.used)

    def until_over(self, share: float, most: float) -> float:
        """Seconds until it is given up, while it uses that share of a processor; `most` when it is not."""
        while self.patience.waited < most and not self.patience.is_over():
            self.now += 0.5
            self.used += 0.5 * share
        return self.patience.waited


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Start:
    return Start(monkeypatch)


def test_what_does_nothing_is_given_up_after_the_time_it_has(start: Start) -> None:
    assert start.until_over(0.0, 1000) == 60


def test_what_only_waits_for_something_gets_no_further(start: Start) -> None:
    assert start.until_over(0.01, 1000) == 60


def test_a_start_on_a_busy_machine_is_waited_for(start: Start) -> None:
    assert start.until_over(0.04, 1000) == 1000


def test_one_that_stops_getting_on_has_the_time_from_then_on(start: Start) -> None:
    assert start.until_over(0.5, 100) == 100
    assert start.until_over(0.0, 1000) == pytest.approx(160, abs=2)


def test_one_that_goes_round_in_circles_is_given_up(start: Start) -> None:
    assert start.until_over(1.0, 10_000) == pytest.approx(5 * 60, abs=2)


def test_news_come_once_in_a_while(start: Start) -> None:
    told = 0
    for _ in range(100):
        start.now += 0.5
        told += start.patience.has_news()
    assert told == 5


def test_the_time_of_a_session_counts_its_children() -> None:
    spin = "import time\nwhile time.process_time() < 0.2: pass\n"
    code = f"import subprocess, sys, time\nsubprocess.run([sys.executable, '-c', {spin!r}])\nprint(flush=True)\ninput()"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as part:
        assert part.stdout is not None
        part.stdout.readline()
        used = session_seconds(part.pid)
        part.communicate(b"\n")
    assert used >= 0.15, "the kernel counts in hundredths of a second"
    assert session_seconds(part.pid) == 0
