"""Sandboxes with real processes: what a site cannot reach, at each level of isolation, and that it lacks nothing."""

import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings

from sites.runtime.agent.name_servers import RESOLVER
from sites.runtime.agent.sandbox import Mode, View, default_toolchain, options_of, write_accounts
from sites.runtime.spec import InstanceState, Mount, RunSpec
from tests.live.agent_rig import Agent, ask_to_end, get, wait_until

pytestmark = pytest.mark.live


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
    return dict(json.loads(next(line for line in log.read_text().splitlines() if line.startswith("{"))))


def test_a_site_is_kept_apart_and_lacks_nothing(shared_agent: Agent) -> None:
    (neighbour,) = shared_agent.serve(12)
    found = attempt(shared_agent, "attempts", neighbour.address)
    shared_agent.stop(12)
    refused = ["reads_secret", "sees_state", "reaches_agent", "reaches_host_loopback", "reaches_gateway"]
    refused += ["reaches_neighbour", "ptrace", "mount", "unshare_user", "writes_usr"]
    refused += ["environment_of_init"]
    assert {name for name in refused if found[name]} == set()
    assert found["writes_home"] and found["writes_shm"] and found["writes_app"]
    assert (found["user"], found["node"], found["uid"]) == ("site", "site", 20077)
    assert found["sees_pids"] == []
    assert found["descriptors"] == [0, 1, 2, 3], "0–2 and the listing itself"
    assert set(found["capabilities"]) == {"0000000000000000"}
    assert found["umask"] == 0o022
    assert found["own_name"] == "127.0.1.1"


def test_the_launcher_starts_with_three_capabilities_and_an_empty_environment(tmp_path: Path) -> None:
    """What stands where the launcher would: setgid (6), setuid (7) and setpcap (8), and no way to more."""
    write_accounts(tmp_path, 20077)
    options = options_of(View(Mode.ROOT, 20077, (), default_toolchain(), str(tmp_path), str(RESOLVER), 1024 * 1024))
    look = "cat /proc/self/status; cat /proc/self/environ | tr '\\0' '\\n'"
    line = ["bwrap", *options, "--", "/bin/sh", "-c", look]
    done = subprocess.run(line, capture_output=True, text=True, check=True, env={"PATH": "/usr/bin:/bin", "LEFT": "x"})
    found = [line.split() for line in done.stdout.splitlines()]
    assert ["CapPrm:", "00000000000001c0"] in found
    assert ["CapEff:", "00000000000001c0"] in found
    assert ["NoNewPrivs:", "1"] in found
    assert [line for line in done.stdout.splitlines() if "=" in line] == ["PWD=/"]


def test_a_link_in_one_folder_never_leads_another_one_over_the_system(shared_agent: Agent) -> None:
    """bubblewrap would follow it as root: the loader of the next process then took the site's library."""
    outer, inner = shared_agent.folder / "outer", shared_agent.folder / "inner"
    outer.mkdir()
    inner.mkdir()
    (outer / "inner").symlink_to("/newroot/usr/lib")
    log = shared_agent.folder / "nested.log"
    mounts = (Mount(str(outer), "/data"), Mount(str(inner), "/data/inner"))
    spec = RunSpec("nested", 77, "probe", ("ls", "/usr/lib"), {"PATH": "/usr/bin"}, mounts, "/", log=str(log))
    assert shared_agent.run(spec) == 126
    assert log.read_text() == (
        "It could not be started: a folder cannot be shown at /data/inner: another one is shown at /data, "
        "and none can lie inside another\n"
    )


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


def test_a_download_from_a_static_site_that_is_stopped_comes_whole(shared_agent: Agent) -> None:
    app = shared_agent.folder / "download"
    app.mkdir()
    (app / "large.bin").write_bytes(b"x" * 50_000_000)
    command = (sys.executable, "/opt/greenroom/programs/static.py")
    (instance,) = shared_agent.serve(15, app=str(app), command=command)
    with closing(http.client.HTTPConnection(instance.address, instance.port, timeout=30)) as connection:
        connection.request("GET", "/large.bin")
        answer = connection.getresponse()
        with ThreadPoolExecutor() as pool:
            stopped = pool.submit(shared_agent.stop, 15)
            while any(item.state is InstanceState.RUNNING for item in shared_agent.runtime.observe([15])):
                time.sleep(0.02)
            assert len(answer.read()) == 50_000_000
            stopped.result()


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
    assert found["reaches_host_loopback"], "docs/security.md says so of this level, also of builds"
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
