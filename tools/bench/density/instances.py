"""Many instances: how fast they start, and how fast an agent that was killed has them again."""

import time
from collections.abc import Callable

from tools.bench.density.agent import Agent, running_agent, wait_until

PROGRAM = """
import os, socket
listener = socket.create_server((os.environ["HOST"], int(os.environ["PORT"])))
while True:
    listener.accept()[0].close()
"""
COMMAND = ("/usr/bin/python3", "-I", "-S", "app.py")
LOOK_SECONDS = 0.1


def measure_instances(say: Callable[[str], None], count: int) -> dict[str, object]:
    """`count` sites with an instance each. Raises TimeoutError."""
    with running_agent() as agent:
        (agent.app / "app.py").write_text(PROGRAM)
        began = time.monotonic()
        for number in range(1, count + 1):
            agent.order(number, COMMAND, 1, 1)
        wait_until(lambda: len(agent.running()) == count, f"{count} instances run", pause=LOOK_SECONDS)
        started = time.monotonic() - began
        before = _starts(agent)
        agent.kill()
        adopted = agent.start()
        after = _starts(agent)
        if before != after:
            raise TimeoutError(f"of {count} instances {len(before & after)} were adopted by the next agent")
        say(f"{count} instances run after {started:.1f} s, and are adopted in {adopted:.2f} s")
        return {
            "instances": count,
            "instances_per_second": round(count / started, 1),
            "readopt_seconds_500": round(adopted, 2) if count == 500 else None,
            "readopt_seconds": round(adopted, 2),
        }


def _starts(agent: Agent) -> set[tuple[int, float]]:
    """Which run, and since when."""
    revisions = [one.revision_id for one in agent.running()]
    return {(one.revision_id, one.started) for one in agent.runtime.usage(revisions)}
