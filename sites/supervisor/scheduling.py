"""What the kernel says of a process: whether it is stopped, and how long it had to wait for a processor."""

from dataclasses import dataclass

from sites.runtime.agent.identity import read_stat

STOPPED = "T"
"""By SIGSTOP or another signal that stops: proc_pid_stat(5)."""
TRACED = "t"
"""A debugger holds it."""
RUNNABLE = "R"
WAITING_FOR_DISK = "D"
NANOSECONDS = 1e9


@dataclass(frozen=True, slots=True)
class Sight:
    """The first thread of a process, which in every part runs the event loop."""

    state: str
    """One letter of proc_pid_stat(5); empty when there is no such process."""
    ran: float = 0.0
    """Seconds on a processor since its start. 0, as the next, where the kernel does not count."""
    waited: float = 0.0
    """Seconds in which it could have run and no processor was free."""


def state_of(pid: int) -> str:
    """The state of a process as one letter; empty when there is none."""
    fields = read_stat(pid)
    return "" if fields is None else fields[0]


def look_at(pid: int) -> Sight:
    """State and times of a process at this moment."""
    try:
        with open(f"/proc/{pid}/schedstat", "rb") as file:
            ran, waited = file.read().split()[:2]
    except (OSError, ValueError):
        return Sight(state_of(pid))
    return Sight(state_of(pid), int(ran) / NANOSECONDS, int(waited) / NANOSECONDS)


def offered(span: float, part: tuple[Sight, Sight], own: tuple[Sight, Sight]) -> float:
    """How many seconds of `span` a process could have used, had it wanted to.

    `part` are two looks at it, `own` two at the process that watches, both `span` seconds apart. A process that waits
    for a processor or for a disk does not hang. Where even the one that watches waits most of its time for a
    processor, what the process itself waits for (another process, a lock) takes longer by the same factor.
    """
    before, after = part
    ran, waited = after.ran - before.ran, after.waited - before.waited
    is_waiting = after.state == RUNNABLE and not ran and not waited  # the kernel adds up a wait when it ends
    if is_waiting or after.state in (WAITING_FOR_DISK, TRACED):
        return 0.0
    own_ran, own_waited = own[1].ran - own[0].ran, own[1].waited - own[0].waited
    slowdown = 1.0 + own_waited / own_ran if own_ran > 0 else 1.0
    return max(0.0, min(span - waited, span / slowdown))
