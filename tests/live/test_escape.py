"""Nothing gets out of the box: every attempt of tools/escape from an instance, a build and a release command."""

import itertools
import json
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from sites.runtime.agent.seccomp import build_filter
from sites.runtime.spec import InstanceStatus, Mount, RunSpec
from tests.live.agent_rig import Agent, running_agent
from tools.escape.attempt import ATTEMPTS, Aim, Group
from tools.escape.laying import PROBE, SERVE, lay
from tools.escape.probe import Finding, Verdict, read_report

pytestmark = pytest.mark.live

FOLDER = "/data/store"
GENERATIONS = itertools.count(1)
DECOYS = ("secret.key", "db.sqlite3", "mounts", "builds", "content", "cache", "uploads", "logs", "run")
FILTERED = {Group.KERNEL, Group.SOCKETS}
BY_RIGHTS = {
    "abstract sockets of the host",
    "packets of ones own making",
    "the sockets of greenrooms parts",
    "the systems message bus",
}
"""What is left to rights and namespaces."""
CHANGING_ALL = {"call mount", "call umount2", "call pivot_root", "privileged programs of the system"}
"""What other attempts beside them would notice."""
GETTING_THROUGH = {
    "a filter at a socket",
    "a filter of system calls of ones own",
    "a new user namespace by unshare",
    "a new network namespace by clone",
    "a capability that was left",
    "becoming another site",
    "call adjtimex",
    "call bpf",
    "call chroot",
    "call fanotify_init",
    "call fsopen",
    "call io_setup",
    "call keyctl",
    "call open_tree",
    "call syslog",
    "packets of ones own making",
    "netlink audit",
    "socket packet",
    "taking a capability",
    "the memory disk as a device of ours",
    "tracing by the parent",
}
"""As root on whatever kernel."""
ROOT_WITHOUT_A_SANDBOX = (
    *("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-net", "--new-session"),
    *("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"),
)


@pytest.fixture(scope="module")
def aimed_agent(shared_agent: Agent) -> Agent:
    """With the attempts as its sites' content, and things in its folder that no site must reach."""
    lay(shared_agent.app)
    for name in DECOYS:
        (shared_agent.folder / name).write_text("of Greenroom")
    return shared_agent


@contextmanager
def aim(agent: Agent, kind: str, other: InstanceStatus | None = None) -> Iterator[Aim]:
    """What this machine has, with something that listens on its loopback and on all its addresses meanwhile."""
    assert agent.process is not None
    with socket.create_server(("127.0.0.1", 0)) as loopback, socket.create_server(("", 0)) as everywhere:
        yield Aim(
            mode=agent.runtime.status()["mode"],
            kind=kind,
            data=str(agent.folder),
            sockets=[str(agent.socket)],
            agent_pid=agent.process.pid,
            folder=FOLDER if kind != "build" else "",
            loopback_port=loopback.getsockname()[1],
            host_port=everywhere.getsockname()[1],
            neighbours=[(other.address, other.port)] if other else [],
        )


def store(agent: Agent) -> Mount:
    return Mount(str(agent.folder / "mounts.d" / "store"), FOLDER)


@contextmanager
def neighbour(agent: Agent) -> Iterator[InstanceStatus]:
    """An instance of another site."""
    (status,) = agent.serve(51, generation=next(GENERATIONS))
    yield status
    agent.stop(51, next(GENERATIONS))


def from_an_instance(agent: Agent, *, python: str = "") -> list[Finding]:
    command = (python or SERVE[0], *SERVE[1:])
    (instance,) = agent.serve(50, command=command, mounts=(store(agent),))
    with neighbour(agent) as other, aim(agent, "instance", other) as aimed:
        body = json.dumps(aimed.as_dict())
        answer = httpx.post(f"http://{instance.address}:{instance.port}/", content=body, timeout=60, trust_env=False)
    agent.stop(50)
    return read_report(answer.text)


def from_a_run(agent: Agent, kind: str, *mounts: Mount) -> list[Finding]:
    log = agent.folder / f"{kind}.log"
    with neighbour(agent) as other, aim(agent, kind, other) as aimed:
        command = (*PROBE, json.dumps(aimed.as_dict()))
        env = {"PATH": "/usr/bin:/bin"}
        spec = RunSpec(f"escape-{kind}", 50, "site", command, env, mounts, log=str(log))
        code = agent.run(spec)
    agent.runtime.end_run(spec.run_id)
    assert code == 0, log.read_text()
    return read_report(log.read_text().splitlines()[-1])


def assert_held(findings: list[Finding], *, at_least: int) -> None:
    assert "\n".join(str(finding) for finding in findings if finding.verdict is not Verdict.HELD) == ""
    assert len(findings) >= at_least


def test_no_attempt_gets_out_of_an_instance(aimed_agent: Agent) -> None:
    found = from_an_instance(aimed_agent)
    assert_held(found, at_least=60)
    assert {finding.name for finding in found} == set(ATTEMPTS)


def test_no_attempt_gets_out_of_a_build(aimed_agent: Agent) -> None:
    work = aimed_agent.folder / "work"
    lay(work)
    found = from_a_run(aimed_agent, "build", Mount(str(work), "/app"))
    assert_held(found, at_least=60)


def test_no_attempt_gets_out_of_a_release_command(aimed_agent: Agent) -> None:
    app = Mount(str(aimed_agent.app), "/app", is_writable=False)
    found = from_a_run(aimed_agent, "release", app, store(aimed_agent))
    assert_held(found, at_least=60)
    assert {finding.name for finding in found} == set(ATTEMPTS)


def as_root(agent: Agent, names: set[str], *, is_filtered: bool) -> list[Finding]:
    """What attempts find as real root with every capability, where they can change nothing of the machine."""
    line = ["bwrap", *ROOT_WITHOUT_A_SANDBOX, "--bind", str(agent.app), str(agent.app)]
    with aim(agent, "instance") as aimed, tempfile.TemporaryFile() as calls:
        calls.write(build_filter())
        calls.seek(0)
        line += ["--seccomp", str(calls.fileno())] if is_filtered else []
        line += ["--", *PROBE, json.dumps(aimed.as_dict()), json.dumps(sorted(names))]
        done = subprocess.run(
            line, pass_fds=[calls.fileno()], capture_output=True, text=True, cwd=agent.app, timeout=60
        )
    assert done.returncode == 0, done.stderr
    return read_report(done.stdout.splitlines()[-1])


def test_the_filter_alone_holds_back_even_root(aimed_agent: Agent) -> None:
    """Rights and filter are two walls; this is the second one without the first."""
    names = {name for name, each in ATTEMPTS.items() if each.group in FILTERED and name not in BY_RIGHTS}
    assert len(names) > 100
    assert_held(as_root(aimed_agent, names, is_filtered=True), at_least=len(names))


def test_an_attempt_that_gets_through_is_seen(aimed_agent: Agent) -> None:
    """The same attempts as root without the filter: it is not for nothing that they fail."""
    names = {name for name, each in ATTEMPTS.items() if each.group in FILTERED | {Group.RIGHTS}} - CHANGING_ALL
    found = as_root(aimed_agent, names, is_filtered=False)
    escaped = {each.name for each in found if each.verdict is Verdict.ESCAPED}
    assert escaped >= GETTING_THROUGH
    assert len(escaped) > len(names) / 2


def test_without_root_nothing_gets_out_but_what_its_level_names(user_agent: Agent) -> None:
    lay(user_agent.app)
    assert_held(from_an_instance(user_agent), at_least=150)


def test_without_a_sandbox_no_right_is_left() -> None:
    with running_agent("--isolation", "none") as agent:
        agent.folder.chmod(0o711)
        lay(agent.app)
        assert_held(from_an_instance(agent), at_least=150)
