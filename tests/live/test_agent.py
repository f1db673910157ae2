"""The agent with real processes: instances serve, survive, are kept apart, and end as they are told."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.conf import settings as django_settings
from django.test import override_settings

from sites.errors import RuntimeUnreachable, StaleOrder
from sites.runtime.process import ProcessRuntime
from sites.runtime.spec import InstanceState, InstanceStatus, Limits, Mount, RevisionSpec, RunSpec, RunState

pytestmark = pytest.mark.live

APP = """
import http.server, os, signal, sys, threading, time
def end(*_):
    print("told to end", flush=True)
    if not os.environ.get("STUBBORN"):
        print("drained", flush=True)
        os._exit(0)
signal.signal(signal.SIGTERM, end)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path.startswith("/exit/"):
            os._exit(int(self.path.rpartition("/")[2]))
        if self.path.startswith("/use/"):
            self.server.held = b"x" * (int(self.path.rpartition("/")[2]) << 20)
        body = f"{os.environ['WEBSITE_INSTANCE_ID']} {os.environ.get('VERSION', '')}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
print("started", flush=True)
http.server.ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
"""


def wait_until(condition: Callable[[], Any], seconds: float = 15.0) -> Any:
    """The first true answer; an AssertionError names the condition when it does not come in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := condition():
            return answer
        time.sleep(0.01)
    raise AssertionError(f"not within {seconds} s: {condition}")


class Agent:
    """An agent of its own in a temporary folder."""

    def __init__(self, folder: Path, *, prefix: tuple[str, ...] = (), python: str = sys.executable) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.socket = folder / "agent.sock"
        self._prefix = prefix
        self._python = python
        self.app = folder / "app"
        self.app.mkdir()
        (self.app / "app.py").write_text(APP)
        self.options: list[str] = []
        self.process: subprocess.Popen[bytes] | None = None
        with override_settings(AGENT_SOCKET=self.socket):
            self.runtime = ProcessRuntime()

    def start(self) -> None:
        """Starts it and waits until it answers."""
        line = [*self._prefix, self._python, "-m", "sites.runtime.agent"]
        line += ["--state", str(self.state), "--socket", str(self.socket), *self.options]
        paths = [str(django_settings.BASE_DIR), *(path for path in sys.path if path.endswith("site-packages"))]
        with (self.folder / "agent.log").open("ab") as log:
            self.process = subprocess.Popen(
                line, stdout=log, stderr=log, env={**os.environ, "PYTHONPATH": ":".join(paths)}
            )
        wait_until(self.answers)

    def answers(self) -> bool:
        """Ready, or ended, which is an error here."""
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "agent.log").read_text()
        try:
            self.runtime.status()
        except RuntimeUnreachable:
            return False
        return True

    def kill(self) -> None:
        """As if the machine had taken it away."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """Ends it with all its instances."""
        assert self.process is not None
        if self.process.poll() is not None:
            self.start()
        self.runtime.shut_down(with_instances=True)
        self.process.wait(10)

    def spec(self, revision_id: int, count: int = 1, **changes: Any) -> RevisionSpec:
        """A revision that runs APP."""
        given: dict[str, Any] = {
            "generation": 1,
            "owner": revision_id,
            "name": f"site{revision_id}",
            "app": str(self.app),
            "command": ("/usr/bin/python3", "app.py"),
            "env": {},
            "grace_seconds": 5.0,
        }
        return RevisionSpec(revision_id=revision_id, count=count, **(given | changes))

    def running(self, revision_id: int, count: int) -> list[InstanceStatus]:
        """All instances of the revision, once that many run and no others are there."""

        def found() -> list[InstanceStatus]:
            there = self.runtime.observe([revision_id])
            all_run = len(there) == count and all(item.state is InstanceState.RUNNING for item in there)
            return there if all_run else []

        return list(wait_until(found))

    def serve(self, revision_id: int, count: int = 1, **changes: Any) -> list[InstanceStatus]:
        """Orders a revision and waits until it runs."""
        self.runtime.apply(self.spec(revision_id, count, **changes))
        return self.running(revision_id, count)

    def stop(self, revision_id: int, generation: int = 1000) -> None:
        """Orders its end and waits for that."""
        self.runtime.apply(self.spec(revision_id, 0, generation=generation))
        wait_until(lambda: not self.runtime.observe([revision_id]))

    def record(self, revision_id: int, ordinal: int = 0) -> dict[str, Any]:
        """What the agent wrote down of an instance."""
        return dict(json.loads((self.state / "revisions" / str(revision_id) / str(ordinal) / "run.json").read_text()))

    def run(self, spec: RunSpec) -> int:
        """Runs a command to its end; its exit code."""
        self.runtime.start_run(spec)
        wait_until(lambda: self.runtime.observe_run(spec.run_id).state is RunState.ENDED, 60)
        code = self.runtime.observe_run(spec.run_id).exit_code
        assert code is not None
        return code


def get(instance: InstanceStatus, path: str = "/") -> str:
    """What an instance answers."""
    return httpx.get(f"http://{instance.address}:{instance.port}{path}", timeout=10, trust_env=False).text


def ask_to_end(instance: InstanceStatus, code: int) -> None:
    """The instance ends by itself with that code."""
    with pytest.raises(httpx.HTTPError):
        get(instance, f"/exit/{code}")


def is_alive(pid: int) -> bool:
    """The process is there and not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture(scope="module")
def shared_agent() -> Iterator[Agent]:
    """One agent for tests that leave it as it was."""
    with tempfile.TemporaryDirectory(prefix="greenroom-") as folder:
        agent = Agent(Path(folder))
        agent.start()
        yield agent
        agent.close()


@pytest.fixture
def agent() -> Iterator[Agent]:
    """An agent that may be killed."""
    with tempfile.TemporaryDirectory(prefix="greenroom-") as folder:
        agent = Agent(Path(folder))
        agent.start()
        yield agent
        agent.close()


def test_instances_serve_at_addresses_of_their_own(shared_agent: Agent) -> None:
    instances = shared_agent.serve(1, 3)
    assert len({instance.address for instance in instances}) == 3
    assert {instance.port for instance in instances} == {8080}
    assert len({get(instance) for instance in instances}) == 3, "WEBSITE_INSTANCE_ID is unique"
    fewer = shared_agent.serve(1, 1, generation=2)
    assert [(item.ordinal, item.address) for item in fewer] == [(0, instances[0].address)]
    shared_agent.stop(1)


def test_a_lower_generation_is_refused(shared_agent: Agent) -> None:
    shared_agent.serve(2, generation=5)
    shared_agent.runtime.apply(shared_agent.spec(2, generation=5))
    with pytest.raises(StaleOrder):
        shared_agent.runtime.apply(shared_agent.spec(2, 0, generation=4))
    assert len(shared_agent.running(2, 1)) == 1
    shared_agent.stop(2)
    with pytest.raises(StaleOrder):
        shared_agent.runtime.apply(shared_agent.spec(2, 1, generation=5))


def test_a_crashed_instance_serves_again(shared_agent: Agent) -> None:
    (before,) = shared_agent.serve(3)
    ask_to_end(before, 7)
    wait_until(lambda: [item for item in shared_agent.runtime.observe([3]) if item.restarts == 1])
    (after,) = shared_agent.running(3, 1)
    assert (after.address, after.exit_code, after.restarts) == (before.address, 7, 1)
    assert get(after) == get(before)
    shared_agent.stop(3)


def test_an_instance_that_cannot_start_waits_longer_each_time(shared_agent: Agent) -> None:
    shared_agent.runtime.apply(shared_agent.spec(4, command=("sh", "-c", "echo no such thing; exit 3")))
    status = wait_until(lambda: [item for item in shared_agent.runtime.observe([4]) if item.restarts == 3])[0]
    assert (status.state, status.exit_code) == (InstanceState.BACKOFF, 3)
    assert shared_agent.runtime.log_tail(4, 0) == ["no such thing"] * 3
    shared_agent.stop(4)


def test_a_stop_is_graceful(shared_agent: Agent) -> None:
    shared_agent.serve(5)
    began = time.monotonic()
    shared_agent.stop(5)
    assert time.monotonic() - began < 3
    assert shared_agent.runtime.log_tail(5, 0)[-2:] == ["told to end", "drained"]


def test_a_server_behind_a_shell_is_told_to_end_too(shared_agent: Agent) -> None:
    shared_agent.serve(6, command=("sh", "-c", "sh -c 'python3 app.py; echo after'; echo at last"))
    shared_agent.stop(6)
    assert "drained" in shared_agent.runtime.log_tail(6, 0)


def test_who_does_not_listen_to_sigterm_is_ended_after_the_grace(shared_agent: Agent) -> None:
    shared_agent.serve(7, env={"STUBBORN": "1"}, grace_seconds=1.0)
    child = shared_agent.record(7)["child"]["pid"]
    began = time.monotonic()
    shared_agent.runtime.apply(shared_agent.spec(7, 0, generation=2, grace_seconds=1.0))
    assert shared_agent.runtime.observe([7])[0].state is InstanceState.STOPPING
    wait_until(lambda: not shared_agent.runtime.observe([7]))
    assert 0.9 < time.monotonic() - began < 4
    assert not is_alive(child)
    assert shared_agent.runtime.log_tail(7, 0)[-1] == "told to end"


def test_a_killed_monitor_leaves_no_orphan_and_no_taken_port(shared_agent: Agent) -> None:
    (before,) = shared_agent.serve(8)
    record = shared_agent.record(8)
    os.kill(record["monitor"]["pid"], signal.SIGKILL)
    wait_until(lambda: [item for item in shared_agent.runtime.observe([8]) if item.restarts])
    (after,) = shared_agent.running(8, 1)
    assert (after.restarts, after.address) == (1, before.address)
    assert not is_alive(record["child"]["pid"])
    assert not any("in use" in line for line in shared_agent.runtime.log_tail(8, 0, lines=50))
    shared_agent.stop(8)


def test_a_changed_command_starts_the_instance_again(shared_agent: Agent) -> None:
    (before,) = shared_agent.serve(9, env={"VERSION": "1"})
    assert get(before).endswith(" 1")
    (after,) = shared_agent.serve(9, env={"VERSION": "1"}, generation=2)
    child = shared_agent.record(9)["child"]["pid"]
    assert shared_agent.runtime.observe([9])[0].generation == 2
    shared_agent.runtime.apply(shared_agent.spec(9, env={"VERSION": "2"}, generation=3))
    wait_until(lambda: not is_alive(child))
    (after,) = shared_agent.running(9, 1)
    assert get(after).endswith(" 2")
    assert after.restarts == 0
    shared_agent.stop(9)


def test_memory_beyond_the_limit_ends_the_instance(shared_agent: Agent) -> None:
    (instance,) = shared_agent.serve(10, limits=Limits(memory_mb=128))
    with pytest.raises(httpx.HTTPError):
        get(instance, "/use/400")
    status = wait_until(lambda: [item for item in shared_agent.runtime.observe([10]) if item.restarts])[0]
    assert status.exit_code == 128 + signal.SIGKILL
    shared_agent.running(10, 1)
    shared_agent.stop(10)


def test_connections_are_cut(shared_agent: Agent) -> None:
    (instance,) = shared_agent.serve(11)
    ends = [socket.create_connection((instance.address, instance.port)) for _ in range(4)]
    time.sleep(0.1)
    assert shared_agent.runtime.kill_connections(11, fraction=0.5) == 2
    cut = 0
    for end in ends:
        end.settimeout(0.2)
        try:
            end.recv(1)
        except TimeoutError:
            pass
        except OSError:
            cut += 1
        end.close()
    assert cut == 2
    shared_agent.stop(11)


def test_the_agent_is_killed_and_the_instances_go_on(agent: Agent) -> None:
    before = agent.serve(1, 3)
    pids = [agent.record(1, ordinal)["child"]["pid"] for ordinal in range(3)]
    agent.kill()
    assert len({get(instance) for instance in before}) == 3
    agent.start()
    after = agent.running(1, 3)
    assert [agent.record(1, ordinal)["child"]["pid"] for ordinal in range(3)] == pids
    assert [(item.address, item.restarts) for item in after] == [(item.address, 0) for item in before]
    agent.stop(1)
    assert not any(is_alive(pid) for pid in pids), "what was taken over can be ended"


def test_the_exit_code_of_one_that_died_meanwhile_is_known(agent: Agent) -> None:
    (instance,) = agent.serve(1)
    child = agent.record(1)["child"]["pid"]
    agent.kill()
    ask_to_end(instance, 7)
    wait_until(lambda: not is_alive(child))
    agent.start()
    (after,) = agent.running(1, 1)
    assert (after.exit_code, after.restarts) == (7, 1)
    assert get(after)


def test_an_ordered_end_leaves_instances_running(agent: Agent) -> None:
    (instance,) = agent.serve(1)
    agent.runtime.shut_down(with_instances=False)
    assert agent.process is not None
    assert agent.process.wait(10) == 0
    assert get(instance)
    agent.start()
    assert agent.process is not None
    agent.process.terminate()
    assert agent.process.wait(10) == 0
    assert get(instance)


def test_after_a_reboot_everything_wanted_is_started(agent: Agent) -> None:
    agent.serve(1)
    child = agent.record(1)["child"]["pid"]
    agent.kill()
    path = agent.state / "revisions" / "1" / "0" / "run.json"
    record = json.loads(path.read_text())
    for process in (record["monitor"], record["child"]):
        os.kill(process["pid"], signal.SIGKILL)
        process["boot"] = "another boot"
        # The pid has been given to a stranger that must not be touched
        process["pid"], process["starttime"] = os.getpid(), 1
    path.write_text(json.dumps(record))
    wait_until(lambda: not is_alive(child))
    agent.start()
    (after,) = agent.running(1, 1)
    assert (after.restarts, after.exit_code) == (0, None)


def test_an_unrecorded_sandbox_is_ended(agent: Agent) -> None:
    agent.serve(1)
    record = agent.record(1)
    agent.kill()
    (agent.state / "revisions" / "1" / "0" / "run.json").unlink()
    agent.start()
    wait_until(lambda: not is_alive(record["child"]["pid"]))
    agent.running(1, 1)


def test_a_second_agent_for_the_same_folder_is_refused(agent: Agent) -> None:
    line = [sys.executable, "-m", "sites.runtime.agent", "--state", str(agent.state), "--socket", str(agent.socket)]
    done = subprocess.run(line, cwd=django_settings.BASE_DIR, capture_output=True, text=True)
    assert done.returncode == 1
    assert "Another agent works on" in done.stderr
    assert agent.answers()


def test_a_run_has_an_exit_code_and_a_log_and_happens_once(shared_agent: Agent) -> None:
    log = shared_agent.folder / "build.log"
    work = shared_agent.folder / "work"
    work.mkdir()
    command = ("sh", "-c", "echo built by $(id -u) in $(pwd); echo trace >> made; exit 4")
    mounts = (Mount(str(work), "/app"),)
    spec = RunSpec("build-1", 5, "site", command, {}, mounts, log=str(log))
    assert shared_agent.run(spec) == 4
    shared_agent.runtime.start_run(spec)
    assert shared_agent.runtime.observe_run("build-1").exit_code == 4
    assert log.read_text() == "built by 20005 in /app\n"
    assert (work / "made").read_text() == "trace\n"
    shared_agent.runtime.end_run("build-1")
    assert shared_agent.runtime.observe_run("build-1").state is RunState.UNKNOWN


def test_a_run_that_takes_too_long_is_ended(shared_agent: Agent) -> None:
    spec = RunSpec("slow-1", 5, "site", ("sleep", "60"), {}, (), directory="/", timeout_seconds=0.5)
    assert shared_agent.run(spec) == 124
    shared_agent.runtime.start_run(RunSpec("slow-2", 5, "site", ("sleep", "60"), {}, (), directory="/"))
    began = time.monotonic()
    shared_agent.runtime.end_run("slow-2")
    assert time.monotonic() - began < 5


def test_a_run_survives_the_agent(agent: Agent) -> None:
    command = ("sh", "-c", "sleep 1.5; exit 9")
    agent.runtime.start_run(RunSpec("build-2", 5, "site", command, {}, (), directory="/"))
    wait_until((agent.state / "runs" / "build-2" / "run.json").exists)
    agent.kill()
    agent.start()
    assert agent.runtime.observe_run("build-2").state is RunState.RUNNING
    wait_until(lambda: agent.runtime.observe_run("build-2").state is RunState.ENDED)
    assert agent.runtime.observe_run("build-2").exit_code == 9


def test_a_run_with_network_reaches_the_host(shared_agent: Agent) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        connect = f"import socket; socket.create_connection(('127.0.0.1', {port}), 3)"
        command = ("/usr/bin/python3", "-c", connect)
        assert shared_agent.run(RunSpec("net-1", 5, "s", command, {}, (), directory="/", has_network=True)) == 0
        assert shared_agent.run(RunSpec("net-2", 5, "s", command, {}, (), directory="/")) == 1


ATTEMPTS = """
import ctypes, getpass, json, multiprocessing, os, pathlib, socket, subprocess, sys, tempfile
secret, sock, port, neighbour, gateway_port = sys.argv[1:6]
libc = ctypes.CDLL(None, use_errno=True)
def reach(address, number):
    try:
        socket.create_connection((address, int(number)), 2).close()
        return True
    except OSError:
        return False
def unix(path):
    try:
        socket.socket(socket.AF_UNIX).connect(path)
        return True
    except OSError:
        return False
def call(number, *arguments):
    return libc.syscall(number, *arguments)
def writes(path):
    try:
        pathlib.Path(path, "x").write_text("x")
        return True
    except OSError:
        return False
route = pathlib.Path("/proc/net/route").read_text().split("\\n")[1].split()
gateway = socket.inet_ntoa(bytes.fromhex(route[2])[::-1]) if len(route) > 2 else "127.0.0.1"
try:
    environment_of_init = pathlib.Path("/proc/1/environ").read_bytes()
except OSError:
    environment_of_init = b""
with tempfile.NamedTemporaryFile() as stream:
    stream.write(b"x")
multiprocessing.Lock()
print(json.dumps({
    "reads_secret": os.path.exists(secret),
    "sees_state": os.path.exists(os.path.dirname(secret)),
    "reaches_agent": unix(sock),
    "reaches_host_loopback": reach("127.0.0.1", port),
    "reaches_gateway": reach(gateway, gateway_port),
    "reaches_neighbour": reach(neighbour, 8080),
    "ptrace": call(101, 0, 0, 0, 0) == 0,
    "mount": libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) == 0,
    "unshare_user": libc.unshare(0x10000000) == 0,
    "sees_pids": sorted(int(n) for n in os.listdir("/proc") if n.isdigit() and int(n) > 50),
    "writes_usr": writes("/usr"), "writes_app": writes("/app"), "writes_home": writes(os.environ["HOME"]),
    "writes_shm": writes("/dev/shm"), "user": getpass.getuser(), "uid": os.getuid(),
    "node": subprocess.run(["node", "-p", "os.userInfo().username"], capture_output=True, text=True).stdout.strip(),
    "environment_of_init": b"SECRET" in environment_of_init,
    "descriptors": sorted(int(n) for n in os.listdir("/proc/self/fd")),
    "capabilities": [l.split()[1] for l in open("/proc/self/status") if l.startswith(("CapEff", "CapBnd"))],
    "umask": os.umask(0), "own_name": socket.gethostbyname(socket.gethostname()),
}))
"""


def attempt(agent: Agent, run_id: str, neighbour: str) -> dict[str, Any]:
    """What a site in the sandbox can do."""
    secret = agent.folder / "state" / "secret"
    secret.write_text("of another")
    work = agent.folder / f"work-{run_id}"
    work.mkdir()
    (work / "attempts.py").write_text(ATTEMPTS)
    log = agent.folder / f"{run_id}.log"
    with socket.create_server(("127.0.0.1", 0)) as loopback, socket.create_server(("", 0)) as everywhere:
        command = ["/usr/bin/python3", "attempts.py", str(secret), str(agent.socket)]
        command += [str(loopback.getsockname()[1]), neighbour, str(everywhere.getsockname()[1])]
        mounts = (Mount(str(work), "/app", is_writable=False),)
        code = agent.run(RunSpec(run_id, 77, "probe", tuple(command), {"SECRET": "x"}, mounts, log=str(log)))
    assert code == 0, log.read_text()
    return dict(json.loads(log.read_text().splitlines()[-1]))


def test_a_site_is_kept_apart_and_lacks_nothing(shared_agent: Agent) -> None:
    (neighbour,) = shared_agent.serve(12)
    found = attempt(shared_agent, "attempts", neighbour.address)
    shared_agent.stop(12)
    refused = ["reads_secret", "sees_state", "reaches_agent", "reaches_host_loopback", "reaches_gateway"]
    refused += ["reaches_neighbour", "ptrace", "mount", "unshare_user", "writes_usr", "writes_app"]
    refused += ["environment_of_init"]
    assert {name for name in refused if found[name]} == set()
    assert found["writes_home"] and found["writes_shm"]
    assert (found["user"], found["node"], found["uid"]) == ("site", "site", 20077)
    assert found["sees_pids"] == []
    assert found["descriptors"] == [0, 1, 2, 3], "0–2 and the listing itself"
    assert set(found["capabilities"]) == {"0000000000000000"}
    assert found["umask"] == 0o022
    assert found["own_name"] == "127.0.1.1"


def test_gunicorn_serves_with_its_usual_options(shared_agent: Agent) -> None:
    app = shared_agent.folder / "wsgi"
    app.mkdir()
    (app / "wsgi.py").write_text("def app(e, s):\n    s('200 OK', [('Content-Length', '2')])\n    return [b'ok']\n")
    command = (sys.executable, "-m", "gunicorn", "--worker-tmp-dir", "/dev/shm", "-w", "2", "wsgi:app")
    (instance,) = shared_agent.serve(13, app=str(app), command=(*command, "--bind", "0.0.0.0:8080"))
    assert get(instance) == "ok"
    shared_agent.stop(13)


def test_the_static_program_serves_a_folder(shared_agent: Agent) -> None:
    app = shared_agent.folder / "static"
    app.mkdir()
    (app / "index.html").write_text("hello")
    command = (sys.executable, "/opt/greenroom/programs/static.py")
    (instance,) = shared_agent.serve(14, app=str(app), command=command)
    assert get(instance) == "hello"
    shared_agent.stop(14)


@pytest.fixture
def user_agent() -> Iterator[Agent]:
    """An agent of an unprivileged user, with the system's Python."""
    with tempfile.TemporaryDirectory(prefix="greenroom-") as folder:
        prefix = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")
        agent = Agent(Path(folder), prefix=prefix, python="/usr/bin/python3")
        shutil.chown(agent.folder, 65534, 65534)
        agent.start()
        yield agent
        agent.close()


def test_without_root_user_namespaces_keep_sites_apart(user_agent: Agent) -> None:
    status = user_agent.runtime.status()
    assert (status["level"], status["mode"]) == ("partial", "user")
    assert any("reach each other" in item for item in status["missing"])
    before = user_agent.serve(1, 2)
    assert {item.address for item in before} == {"127.0.0.1"}
    assert len({get(item) for item in before}) == 2
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert all(item.port < lowest for item in before)
    user_agent.kill()
    user_agent.start()
    assert [item.port for item in user_agent.running(1, 2)] == [item.port for item in before]
    ask_to_end(before[0], 3)
    wait_until(lambda: user_agent.runtime.observe([1])[0].restarts == 1)
    assert user_agent.running(1, 2)[0].port == before[0].port
    found = attempt(user_agent, "attempts", "127.0.0.1")
    refused = ("reads_secret", "sees_state", "reaches_agent", "mount", "unshare_user", "ptrace", "environment_of_init")
    assert {name for name in refused if found[name]} == set()
    assert (found["user"], found["node"]) == ("site", "site")
    assert user_agent.runtime.kill_connections(1, fraction=1.0) == 0


def test_no_isolation_only_when_asked() -> None:
    with tempfile.TemporaryDirectory(prefix="greenroom-") as folder:
        agent = Agent(Path(folder))
        agent.options = ["--isolation", "none"]
        agent.folder.chmod(0o755)
        agent.start()
        assert agent.runtime.status()["level"] == "none"
        (before,) = agent.serve(1, command=("/usr/bin/python3", "/app/app.py"))
        assert get(before)
        agent.kill()
        agent.start()
        (after,) = agent.running(1, 1)
        assert (after.port, after.restarts) == (before.port, 0)
        ask_to_end(after, 5)
        wait_until(lambda: agent.runtime.observe([1])[0].exit_code == 5)
        agent.running(1, 1)
        agent.stop(1)
        assert agent.runtime.log_tail(1, 0)[-1] == "drained"
        agent.close()


def test_where_bubblewrap_fails_the_agent_refuses_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "bwrap").write_text("#!/bin/sh\necho not allowed here >&2\nexit 1\n")
    (tmp_path / "bwrap").chmod(0o755)
    line = [
        sys.executable,
        "-m",
        "sites.runtime.agent",
        "--state",
        str(tmp_path / "s"),
        "--socket",
        str(tmp_path / "a"),
    ]
    env = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(line, cwd=django_settings.BASE_DIR, capture_output=True, text=True, env=env)
    assert done.returncode == 1
    assert "not allowed here" in done.stderr
    assert "Remedy: " in done.stderr
