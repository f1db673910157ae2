"""Whom the kernel ends first when memory runs out: a build, then a site; never what all sites need."""

from contextlib import suppress
from pathlib import Path

SPARED = -900
"""Router, agent, queue and the monitors of sandboxes."""
CONTROL_PLANE = -500
SITE = 200
BUILD = 400


def set_oom_score(pid: int, score: int) -> None:
    """Of a process and of all that it will start: proc(5), oom_score_adj. Only root may lower it."""
    with suppress(OSError):
        Path(f"/proc/{pid}/oom_score_adj").write_text(str(score))
