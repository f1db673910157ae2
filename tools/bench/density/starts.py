"""The start of a Flask application to its first answer: as an instance, and without a sandbox, in turns."""

import http.client
import importlib.util
import os
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tools.bench.density.agent import Agent, running_agent, wait_until
from tools.demo.installation import free_port

PACKAGES = ("flask", "werkzeug", "jinja2", "markupsafe", "click", "itsdangerous", "blinker")
PROGRAM = """
import os
from flask import Flask
app = Flask(__name__)
app.route("/")(lambda: "bench")
app.run(host=os.environ["HOST"], port=int(os.environ["PORT"]))
"""
COMMAND = ("/usr/bin/python3", "app.py")
PAUSE_SECONDS = 0.002


def measure_starts(say: Callable[[str], None], pairs: int) -> dict[str, object]:
    """The median of `pairs` quotients. None where Flask is not installed. Raises TimeoutError."""
    with running_agent() as agent:
        if missing := _lay(agent.app):
            say(f"The start of a Flask application was not measured: {missing} is not installed")
            return {"start_ratio": None}
        boxed, bare = [], []
        for number in range(1, pairs + 2):
            boxed.append(_as_instance(agent, number))
            bare.append(_as_process(agent.app))
    boxed, bare = boxed[1:], bare[1:]  # the first reads the files from disk
    ratio = statistics.median(one / other for one, other in zip(boxed, bare, strict=True))
    say(f"A Flask application answers after {statistics.median(boxed):.2f} s in the sandbox, {ratio:.2f} times as late")
    return {
        "start_ratio": round(ratio, 2),
        "start_seconds": round(statistics.median(boxed), 3),
        "bare_start_seconds": round(statistics.median(bare), 3),
    }


def _lay(app: Path) -> str:
    """The program with its libraries; the name of one that is missing."""
    for name in PACKAGES:
        found = importlib.util.find_spec(name)
        if found is None or found.origin is None:
            return name
        shutil.copytree(Path(found.origin).parent, app / "lib" / name, ignore=shutil.ignore_patterns("__pycache__"))
        for metadata in Path(found.origin).parent.parent.glob(f"{name}-*.dist-info"):
            shutil.copytree(metadata, app / "lib" / metadata.name)
    (app / "app.py").write_text(PROGRAM)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(app / "lib")}
    subprocess.run(["/usr/bin/python3", "-m", "compileall", "-q", str(app / "lib")], env=environment, check=True)
    return ""


def _as_instance(agent: Agent, number: int) -> float:
    began = time.monotonic()
    agent.order(number, COMMAND, 1, 1, PYTHONPATH="/app/lib")
    wait_until(lambda: any(one.revision_id == number for one in agent.running()), "it runs", pause=PAUSE_SECONDS)
    (status,) = (one for one in agent.running() if one.revision_id == number)
    _ask(str(status.address), int(status.port or 0))
    took = time.monotonic() - began
    agent.order(number, COMMAND, 0, 2)
    wait_until(lambda: not agent.runtime.observe([number]), "it has ended")
    return took


def _as_process(app: Path) -> float:
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "PYTHONPATH": str(app / "lib"),
    }
    began = time.monotonic()
    process = subprocess.Popen(COMMAND, cwd=app, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _ask("127.0.0.1", port)
        return time.monotonic() - began
    finally:
        process.kill()
        process.wait()


def _ask(address: str, port: int) -> None:
    def answers() -> bool:
        connection = http.client.HTTPConnection(address, port, timeout=10)
        try:
            connection.request("GET", "/")
            return connection.getresponse().read() == b"bench"
        except OSError:
            return False
        finally:
            connection.close()

    wait_until(answers, "the application answers", pause=PAUSE_SECONDS)
