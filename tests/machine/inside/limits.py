"""Greedy sites against the limits of an agent: `python -m tests.machine.inside.limits STEP…` says in JSON what came."""

import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

from tests.machine.inside.rig import Rig, counts_of, open_folder, wait_until

Seen = dict[str, Any]
MEMORY_MB = 96
PROCESSES = 40
CPUS = 0.2
SPIN_SECONDS = 10


def level(rig: Rig) -> Seen:
    """What the agent says of itself."""
    status = rig.ask("GET", "/status")
    return {"level": status["level"], "facts": status["facts"], "agent": str(rig.agent_group)}


def values(rig: Rig) -> Seen:
    """What the kernel was told of a site."""
    site = rig.serve(1, memory_mb=MEMORY_MB, cpus=CPUS, processes=PROCESSES)
    files = ("memory.max", "memory.swap.max", "memory.oom.group", "pids.max", "cpu.max", "cpu.weight")
    seen = {file: site.value(file) for file in files} | {"group": str(site.group)}
    rig.stop(1)
    return seen


def memory(rig: Rig) -> Seen:
    """One site takes more memory than it may, while another one is asked."""
    return _out_of_memory(rig, f"/use/{2 * MEMORY_MB}")


def files_in_memory(rig: Rig) -> Seen:
    """The same with files in folders that are kept in memory."""
    return _out_of_memory(rig, f"/write/{2 * MEMORY_MB - 20}")


def _out_of_memory(rig: Rig, target: str) -> Seen:
    neighbour = rig.serve(2, memory_mb=MEMORY_MB)
    site = rig.serve(1, memory_mb=MEMORY_MB)
    before = neighbour.pid
    group = site.group
    answer = site.get(target)
    wait_until(lambda: site.instance["restarts"], "the site was started again")
    wait_until(site.runs, "the site runs again")
    events = counts_of(group / "memory.events")
    instance = site.instance
    seen = {
        "answer": answer,
        "memory.events": {name: events[name] for name in ("max", "oom", "oom_kill", "oom_group_kill")},
        "memory.peak": int((group / "memory.peak").read_text()),
        "exit_code": instance["exit_code"],
        "restarts": instance["restarts"],
        "answer_again": site.get("/"),
        "neighbour": {
            "same_process": neighbour.pid == before,
            "answer": neighbour.get("/"),
            "memory.events": counts_of(neighbour.group / "memory.events"),
        },
    }
    rig.stop(1)
    rig.stop(2)
    return seen


def processes(rig: Rig) -> Seen:
    """A fork bomb."""
    neighbour = rig.serve(2, processes=PROCESSES)
    site = rig.serve(1, processes=PROCESSES)
    seen = {
        "made": int(site.get("/fork/500")),
        "pids.current": int(site.value("pids.current")),
        "pids.events": counts_of(site.group / "pids.events"),
        "neighbour_made": int(neighbour.get("/fork/5")),
    }
    rig.stop(1)
    rig.stop(2)
    return seen


def crashes(rig: Rig) -> Seen:
    """A process that aborts, where the kernel has a program for dumps."""
    site = rig.serve(1)
    seen = {"status": int(site.get(f"/crash/{signal.SIGABRT.value}")), "answer": site.get("/")}
    rig.stop(1)
    return seen


def processor(rig: Rig) -> Seen:
    """Processor time without end."""
    site = rig.serve(1, cpus=CPUS)
    before, began = counts_of(site.group / "cpu.stat"), time.monotonic()
    site.get(f"/spin/{SPIN_SECONDS}")
    after, seconds = counts_of(site.group / "cpu.stat"), time.monotonic() - began
    rig.stop(1)
    return {
        "share": (after["usage_usec"] - before["usage_usec"]) / 1_000_000 / seconds,
        "nr_throttled": after["nr_throttled"] - before["nr_throttled"],
    }


def ending(rig: Rig) -> Seen:
    """A site that nothing polite ends, with processes in sessions of their own."""
    site = rig.serve(1)
    made = int(site.get("/fork/5"))
    group, members = site.group, site.members()
    rig.stop(1)
    wait_until(lambda: not group.exists(), "the group is gone")
    return {"made": made, "members": len(members), "left": [pid for pid in members if Path(f"/proc/{pid}").exists()]}


def adoption(rig: Rig) -> Seen:
    """The agent is killed and another one takes over; then a site is new."""
    site = rig.serve(1)
    pid, scope, at = site.pid, site.group.parent, site.instance
    rig.kill()
    answer = site.get("/", at)
    rig.start()
    wait_until(site.runs, "the site was taken over")
    other = rig.serve(2)
    seen = {
        "answer_without_agent": answer,
        "same_process": site.pid == pid,
        "restarts": site.instance["restarts"],
        "same_place": other.group.parent == scope,
        "agent": str(rig.agent_group),
    }
    rig.stop(1)
    rig.stop(2)
    return seen


def without_sandbox(_: Rig) -> Seen:
    """`ending` where the kernel's namespace does not end everything: without isolation."""
    with open_folder() as folder:
        rig = Rig(folder / "none", "--isolation", "none")
        rig.start()
        try:
            return ending(rig)
        finally:
            rig.close()


STEPS = (level, values, memory, files_in_memory, processes, crashes, processor, ending, adoption, without_sandbox)


def main(names: list[str]) -> None:
    """The steps of these names, with one agent."""
    steps = [step for step in STEPS if step.__name__ in names]
    with open_folder() as folder:
        rig = Rig(folder / "agent")
        rig.start()
        seen: Seen = {}
        try:
            for step in steps:
                seen[step.__name__] = step(rig)
        finally:
            group = rig.agent_group
            rig.close()
        if "level" in seen and "scope" in str(group):
            wait_until(lambda: not group.parent.exists(), "the scope is gone")
        sys.stdout.write(json.dumps(seen))


if __name__ == "__main__":
    main(sys.argv[1:])
