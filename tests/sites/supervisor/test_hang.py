"""Telling a process that hangs from one that is busy, by a clock that the tests turn."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sites.supervisor.hang import Judge
from sites.supervisor.scheduling import RUNNABLE, STOPPED, TRACED, WAITING_FOR_DISK, Sight

SLEEPING = "S"


@dataclass
class Machine:
    """A process that is watched and the one that watches, who look at each other every half second."""

    judge: Judge = field(default_factory=lambda: Judge(patience_seconds=30, stopped_seconds=1, look_seconds=0.5))
    moment: float = 100.0
    ran: float = 3.0
    waited: float = 1.0
    own_ran: float = 5.0
    own_waited: float = 0.1

    def see(self, state: str, *, passed: float = 0.5, ran: float = 0.0, waited: float = 0.0) -> str:
        """One look after `passed` seconds, in which the process ran and waited for a processor so long."""
        self.moment += passed
        self.ran += ran
        self.waited += waited
        own = Sight("R", self.own_ran, self.own_waited)
        return self.judge.see(self.moment, Sight(state, self.ran, self.waited), own)

    def seconds_until(self, looks: Iterator[str]) -> float | None:
        """After how long one of the looks finds that it hangs; None when none does."""
        began = self.moment
        return next((self.moment - began for found in looks if found), None)


def test_a_stopped_process_hangs_whether_it_is_asked_or_not() -> None:
    machine = Machine()
    machine.see(SLEEPING)
    assert machine.see(STOPPED) == ""
    assert machine.see(STOPPED) == ""
    assert machine.see(STOPPED) == "was stopped by a signal, did not answer for 1.0 s"


def test_a_process_that_is_stopped_for_a_moment_now_and_then_does_not_hang() -> None:
    machine = Machine()
    looks = (machine.see(state) for _ in range(100) for state in (STOPPED, STOPPED, SLEEPING))
    assert machine.seconds_until(looks) is None


def test_a_deadlock_is_found_after_the_patience() -> None:
    machine = Machine()
    machine.see(SLEEPING)
    machine.judge.ask()
    assert 30 <= (machine.seconds_until(machine.see(SLEEPING) for _ in range(100)) or 0) <= 31


def test_an_event_loop_that_spins_is_found_after_the_patience() -> None:
    machine = Machine()
    machine.see(RUNNABLE)
    machine.judge.ask()
    assert 30 <= (machine.seconds_until(machine.see(RUNNABLE, ran=0.5) for _ in range(100)) or 0) <= 31


def test_the_sentence_says_how_long_visitors_or_work_waited() -> None:
    machine = Machine()
    machine.see(SLEEPING)
    machine.judge.ask()
    assert next(found for found in (machine.see(SLEEPING) for _ in range(100)) if found) == "did not answer for 30 s"


def test_an_answer_ends_the_silence() -> None:
    machine = Machine()
    for _ in range(20):
        machine.judge.ask()
        assert machine.seconds_until(machine.see(SLEEPING) for _ in range(55)) is None
        machine.judge.hear()


def test_nobody_is_judged_who_was_not_asked() -> None:
    machine = Machine()
    assert machine.seconds_until(machine.see(SLEEPING) for _ in range(1000)) is None


def test_who_waits_for_a_processor_does_not_hang() -> None:
    machine = Machine()
    machine.judge.ask()
    assert machine.seconds_until(machine.see(RUNNABLE, ran=0.01, waited=0.49) for _ in range(1000)) is None


def test_who_has_waited_for_a_processor_all_the_time_does_not_hang() -> None:
    # The kernel adds up the wait only when it ends
    machine = Machine()
    machine.judge.ask()
    assert machine.seconds_until(machine.see(RUNNABLE) for _ in range(1000)) is None


def test_who_waits_for_a_disk_or_a_debugger_does_not_hang() -> None:
    for state in (WAITING_FOR_DISK, TRACED):
        machine = Machine()
        machine.judge.ask()
        assert machine.seconds_until(machine.see(state) for _ in range(1000)) is None


def test_on_a_busy_machine_everybody_has_longer() -> None:
    # What sleeps may wait for another process, which does not get a processor either
    machine = Machine()
    machine.see(SLEEPING)
    machine.judge.ask()

    def looks() -> Iterator[str]:
        for _ in range(2000):
            machine.own_ran += 0.005
            machine.own_waited += 0.045
            yield machine.see(SLEEPING)

    assert 290 <= (machine.seconds_until(looks()) or 0) <= 310


def test_when_even_the_looks_come_late_their_delay_does_not_count() -> None:
    machine = Machine()
    machine.see(SLEEPING)
    machine.judge.ask()
    assert 290 <= (machine.seconds_until(machine.see(SLEEPING, passed=10) for _ in range(100)) or 0) <= 310


def test_a_machine_that_was_suspended_finds_nobody_hanging() -> None:
    machine = Machine()
    machine.see(STOPPED)
    machine.judge.ask()
    assert machine.see(SLEEPING, passed=3600) == ""
