"""Limits hold, whatever a site does, and nobody else notices."""

import signal
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from sites.disk import trees
from sites.errors import OutOfMemory
from sites.logs import files
from sites.runtime.agent.identity import children_of
from sites.runtime.agent.oom import SITE
from sites.runtime.agent.run import LOG_BYTES
from sites.runtime.spec import (
    EndReason,
    FolderQuota,
    FolderUse,
    InstanceStatus,
    Limits,
    MachineLimits,
    Mount,
    RunSpec,
    RunState,
)
from tests.live.agent_rig import Agent, get, is_alive, wait_until

pytestmark = pytest.mark.live

MB = 1024 * 1024
EATER = "python3 -c 'b = bytes([1]) * (400 << 20)'"
FLOODS = {
    "lines": "timeout 2 yes a line of a log",
    "newlines": "timeout 2 yes ''",
    "one-line": "timeout 2 tr '\\0' x </dev/zero",
    "reopened": "timeout 2 dd if=/dev/zero of=/proc/self/fd/1 bs=1M status=none",
    "dev-stdout": "timeout 2 yes >/dev/stdout",
    "by-a-child": "setsid sh -c 'timeout 2 yes' & wait",
    "truncated": "truncate -s 1T /proc/self/fd/1 || fallocate -l 1T /proc/self/fd/1 || timeout 2 yes",
}


def log_size(log: Path) -> int:
    return sum(path.stat().st_size for path in log.parent.glob(f"{log.name}*"))


def run_spec(agent: Agent, name: str, command: str) -> RunSpec:
    return RunSpec(
        run_id=name,
        owner=90,
        name=name,
        command=("sh", "-c", command),
        env={},
        mounts=(Mount(str(agent.app), "/app", is_writable=False),),
        log=str(agent.folder / f"{name}.log"),
    )


def test_no_writer_makes_a_log_longer_than_its_limit_and_its_end_is_kept(shared_agent: Agent) -> None:
    specs = {name: run_spec(shared_agent, f"flood-{name}", f"{line}; echo the end") for name, line in FLOODS.items()}
    for spec in specs.values():
        shared_agent.runtime.start_run(spec)
    running = dict(specs)
    while running:
        for name, spec in list(running.items()):
            assert log_size(Path(spec.log)) <= LOG_BYTES, name
            if shared_agent.runtime.observe_run(spec.run_id).state is RunState.ENDED:
                del running[name]
    for name, spec in specs.items():
        assert files.tail(Path(spec.log), 1)[0].endswith("the end"), name
        shared_agent.runtime.end_run(spec.run_id)


def test_an_instance_that_floods_its_log_and_a_neighbour_both_serve(shared_agent: Agent) -> None:
    loud = ("sh", "-c", "yes 'a line of a log' & exec python3 app.py")
    (flooding,) = shared_agent.serve(91, command=loud)
    (neighbour,) = shared_agent.serve(92)
    log = shared_agent.state / "revisions" / "91" / "0" / "log"
    for _ in range(10):
        assert get(neighbour) and get(flooding)
        assert log_size(log) <= files.LIMIT_BYTES
    assert any("Greenroom left out" in line for line in shared_agent.runtime.log_tail(91, 0, lines=10_000))
    shared_agent.stop(91)
    shared_agent.stop(92)


def test_no_line_is_lost_when_the_agent_dies_or_hangs(agent: Agent) -> None:
    counting = "i=0; while true; do i=$((i+1)); echo line $i; sleep 0.01; done & exec python3 app.py"
    (instance,) = agent.serve(1, command=("sh", "-c", counting))
    agent.kill()
    time.sleep(0.5)
    assert get(instance)
    agent.start()
    assert agent.process is not None
    agent.process.send_signal(signal.SIGSTOP)
    time.sleep(0.5)
    assert get(instance)
    agent.process.send_signal(signal.SIGCONT)

    def numbers() -> list[int]:
        lines = agent.runtime.log_tail(1, 0, lines=10_000)
        return [int(line.split()[1]) for line in lines if line.startswith("line ")]

    wait_until(lambda: len(numbers()) > 150)
    found = numbers()
    assert found == list(range(1, len(found) + 1))


def test_an_instance_without_a_pipe_is_adopted(agent: Agent) -> None:
    agent.serve(1)
    child = agent.record(1)["child"]["pid"]
    agent.kill()
    (agent.state / "revisions" / "1" / "0" / "output").unlink()  # as an agent before the pipes left it
    agent.start()
    (instance,) = agent.running(1, 1)
    assert (instance.restarts, is_alive(child)) == (0, True)
    assert get(instance)


def test_a_site_goes_when_memory_runs_out_and_its_monitor_stays(shared_agent: Agent) -> None:
    shared_agent.serve(93)
    record = shared_agent.record(93)

    def score(pid: int) -> int:
        return int(Path(f"/proc/{pid}/oom_score_adj").read_text())

    (inside,) = children_of(record["child"]["pid"])
    assert score(inside) == score(record["child"]["pid"]) == SITE
    assert score(record["monitor"]["pid"]) <= 0, "root may spare it, where it has all its rights"
    shared_agent.stop(93)


def test_who_leaves_the_answers_of_the_kernel_unread_is_ended(shared_agent: Agent) -> None:
    """No control group counts them."""
    program = "\n".join(
        (
            "import socket, struct, time",
            "kept = []",
            "for number in range(400):",
            "    one = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)",
            "    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 200000)",
            "    kept.append(one)",
            "    for question in range(500):",
            "        one.send(struct.pack('IHHIIBBHiII', 32, 18, 0x301, question, 0, 0, 0, 0, 0, 0, 0))",
            "time.sleep(1000)",
        )
    )
    shared_agent.serve(85, command=("sh", "-c", f'python3 -c "{program}" & exec python3 app.py'))
    wait_until(lambda: shared_agent.runtime.observe([85])[0].restarts, 30)
    assert any("answers unread" in line for line in shared_agent.runtime.log_tail(85, 0, lines=100))
    shared_agent.stop(85)


def test_buffers_of_connections_count_as_memory_in_version_1(shared_agent: Agent) -> None:
    shared_agent.serve(84, limits=Limits(memory_mb=128))
    inside = shared_agent.record(84)["child"]["pid"]
    groups = dict(line.split(":")[1:] for line in Path(f"/proc/{inside}/cgroup").read_text().splitlines())
    limit = Path(f"/sys/fs/cgroup/memory{groups.get('memory', '')}/memory.kmem.tcp.limit_in_bytes")
    assert "memory" not in groups or not limit.exists() or int(limit.read_text()) == 128 * MB
    shared_agent.stop(84)


def shared(agent: Agent, owner: int) -> Mount:
    """The one persistent folder of a site."""
    return Mount(str(agent.folder / "mounts" / str(owner) / "store"), "/data/store")


def keep(agent: Agent, owner: int, size: int, files: int = 1000) -> FolderUse | None:
    """Give a site a quota; what is known of its folders."""
    quota = FolderQuota(owner, str(agent.folder / "mounts" / str(owner)), size, files)
    found = agent.runtime.keep_limits(MachineLimits(0, 0, 0, (quota,)))
    return found[0] if found else None


def is_read_only(agent: Agent, owner: int, size: int, files: int = 1000) -> bool:
    found = keep(agent, owner, size, files)
    return found is not None and found.is_read_only


def writing(agent: Agent, revision: int, line: str) -> InstanceStatus:
    """An instance that writes so beside its server."""
    command = ("sh", "-c", f"({line}) & exec python3 app.py")
    (instance,) = agent.serve(revision, command=command, mounts=(shared(agent, revision),))
    return instance


def test_beyond_its_quota_a_folder_is_only_read_and_comes_back_when_files_are_deleted(shared_agent: Agent) -> None:
    keep(shared_agent, 94, 20 * MB)
    fill = "i=0; while sleep 0.05; do i=$((i+1)); head -c 1M /dev/zero >/data/store/$i || echo refused; done"
    instance = writing(shared_agent, 94, fill)
    wait_until(lambda: is_read_only(shared_agent, 94, 20 * MB), 30)
    wait_until(lambda: "refused" in shared_agent.runtime.log_tail(94, 0))
    store = Path(shared(shared_agent, 94).source)
    taken = len(list(store.iterdir()))
    assert get(instance)
    assert shared_agent.runtime.observe([94])[0].restarts == 0
    time.sleep(0.3)
    assert len(list(store.iterdir())) == taken, "it grows no more"
    assert any("take more than they may" in line for line in shared_agent.runtime.log_tail(94, 0, lines=100))
    for file in store.iterdir():
        file.unlink()
    wait_until(lambda: list(store.iterdir()), 30)
    assert shared_agent.runtime.observe([94])[0].restarts == 0
    shared_agent.stop(94)


def test_who_holds_a_file_open_is_started_again_and_may_delete_after_a_restart(shared_agent: Agent) -> None:
    keep(shared_agent, 95, 20 * MB)
    hold = "head -c 21M /dev/zero >/data/store/large; exec 3>>/data/store/held; while sleep 0.1; do echo x >&3; done"
    writing(shared_agent, 95, f"rm -f /data/store/large; {hold}")
    before = shared_agent.record(95)["child"]["pid"]
    wait_until(lambda: is_read_only(shared_agent, 95, 20 * MB), 30)
    wait_until(lambda: not is_alive(before), 30)
    (instance,) = shared_agent.running(95, 1)
    assert (get(instance) != "", instance.restarts) == (True, 0)
    assert any("Read-only file system" in line for line in shared_agent.runtime.log_tail(95, 0, lines=100))
    delete = ("sh", "-c", "rm /data/store/large; exec python3 app.py")
    shared_agent.serve(950, command=delete, mounts=(shared(shared_agent, 95),), owner=95)
    assert not (Path(shared(shared_agent, 95).source) / "large").exists()
    assert not is_read_only(shared_agent, 95, 20 * MB)
    shared_agent.stop(95)
    shared_agent.stop(950)


def test_a_file_without_a_name_and_folders_without_end_are_counted(shared_agent: Agent) -> None:
    hidden = "exec 3>/data/store/x; rm /data/store/x; head -c 21M /dev/zero >&3; exec sleep 1000"
    nested = "cd /data/store; while mkdir a && cd a; do :; done"
    for owner, line in ((96, hidden), (97, nested)):
        keep(shared_agent, owner, 20 * MB)
        writing(shared_agent, owner, line)
        wait_until(lambda: is_read_only(shared_agent, owner, 20 * MB), 30)  # noqa: B023
        shared_agent.stop(owner)
        trees.remove(Path(shared(shared_agent, owner).source))


def test_a_file_without_a_name_is_found_in_the_child_of_a_thread(shared_agent: Agent) -> None:
    keep(shared_agent, 86, 20 * MB)
    hide = "exec 3>/data/store/x; rm /data/store/x; head -c 21M /dev/zero >&3; sleep 1000; :"
    start = "import subprocess, sys, threading; threading.Thread(target=subprocess.run, args=(sys.argv[1:],)).start()"
    writing(shared_agent, 86, f"exec python3 -c '{start}' sh -c '{hide}'")
    wait_until(lambda: is_read_only(shared_agent, 86, 20 * MB), 30)
    shared_agent.stop(86)


def test_files_that_are_always_on_their_way_through_a_socket_count_as_what_the_disk_loses(shared_agent: Agent) -> None:
    """In the folder itself nothing is left, and no process has anything open. Others may free some of the disk."""
    program = "\n".join(
        (
            "import os, socket, time",
            "here, there = socket.socketpair()",
            "for number in range(60):",
            "    try:",
            "        file = os.open('/data/store/x', os.O_WRONLY | os.O_CREAT)",
            "    except OSError:",
            "        break",
            "    os.unlink('/data/store/x')",
            "    for _ in range(20):",
            "        os.write(file, os.urandom(1024 * 1024))",
            "    socket.send_fds(here, [b'x'], [file])",
            "    os.close(file)",
            "    time.sleep(0.5)",
            "time.sleep(1000)",
        )
    )
    keep(shared_agent, 87, 40 * MB)
    writing(shared_agent, 87, f'exec python3 -c "{program}"')
    wait_until(lambda: is_read_only(shared_agent, 87, 40 * MB), 60)
    wait_until(lambda: any("that are not received" in line for line in shared_agent.runtime.log_tail(87, 0, lines=100)))
    shared_agent.stop(87)


def test_a_file_appears_no_larger_than_the_quota(shared_agent: Agent) -> None:
    keep(shared_agent, 98, 20 * MB)
    writing(shared_agent, 98, "truncate -s 10T /data/store/sparse; echo ended with $?")
    wait_until(lambda: "ended with 1" in shared_agent.runtime.log_tail(98, 0))
    assert any("File too large" in line for line in shared_agent.runtime.log_tail(98, 0))
    assert (Path(shared(shared_agent, 98).source) / "sparse").stat().st_size == 0
    shared_agent.stop(98)


@pytest.mark.parametrize(
    "line",
    [
        "i=0; while i=$((i+1)); do head -c 1M /dev/zero >$i; sleep 0.05; done",
        "exec 3>x 4>y 5>z; rm x y z; for i in 3 4 5; do head -c 15M /dev/zero >&$i; done; sleep 30; exit 0",
    ],
    ids=["files", "files without a name"],
)
def test_a_build_that_takes_more_than_is_left_is_ended_and_says_so(shared_agent: Agent, line: str) -> None:
    (shared_agent.folder / "build").mkdir(exist_ok=True)
    spec = RunSpec(
        run_id="greedy",
        owner=99,
        name="greedy",
        command=("sh", "-c", line),
        env={},
        mounts=(Mount(str(shared_agent.folder / "build"), "/app"),),
        disk_bytes=20 * MB,
        disk_files=1000,
        log=str(shared_agent.folder / "greedy.log"),
    )
    assert shared_agent.run(spec) != 0
    assert shared_agent.runtime.observe_run("greedy").reason is EndReason.QUOTA
    assert files.tail(Path(spec.log), 1)[0].startswith("[Greenroom: ended: it takes more of the disk than the web site")
    shared_agent.runtime.end_run("greedy")
    trees.remove(shared_agent.folder / "build")


def test_memory_beyond_the_limit_is_told_with_the_limit(shared_agent: Agent) -> None:
    limits = Limits(memory_mb=128)
    (instance,) = shared_agent.serve(100, limits=limits)
    with pytest.raises(httpx.HTTPError):
        get(instance, "/use/400")
    wait_until(lambda: shared_agent.runtime.observe([100])[0].restarts)
    assert shared_agent.runtime.observe([100])[0].reason is EndReason.MEMORY
    shared_agent.stop(100)
    child = f"{EATER}; echo went on; exec python3 app.py"
    shared_agent.serve(101, command=("sh", "-c", child), limits=limits)
    wait_until(lambda: any("128 MB of memory" in line for line in shared_agent.runtime.log_tail(101, 0)))
    assert "went on" in shared_agent.runtime.log_tail(101, 0)
    shared_agent.stop(101)
    spec = run_spec(shared_agent, "large", EATER)
    assert shared_agent.run(replace(spec, limits=limits)) != 0
    assert shared_agent.runtime.observe_run("large").reason is EndReason.MEMORY


def test_all_sites_together_are_bounded_and_what_they_need_goes_on(agent: Agent) -> None:
    agent.runtime.keep_limits(MachineLimits(300, 10, 0))
    instances = [agent.serve(number, limits=Limits(memory_mb=250))[0] for number in (1, 2)]
    for instance in instances:
        with suppress(httpx.HTTPError):  # the kernel ends one of the two
            get(instance, "/use/200")
    wait_until(lambda: any(status.restarts for status in agent.runtime.observe()))
    ended = [status for status in agent.runtime.observe() if status.restarts]
    assert [status.reason for status in ended] == [EndReason.MACHINE]
    agent.running(1, 1)
    agent.running(2, 1)


def test_more_instances_than_the_machine_has_memory_for_are_not_started(agent: Agent) -> None:
    agent.runtime.keep_limits(MachineLimits(100, 10, 0))
    agent.serve(1, limits=Limits(memory_mb=600))
    with pytest.raises(OutOfMemory, match="may use 1,200 MB of memory, and 10 times 100 MB are the limit"):
        agent.runtime.apply(agent.spec(2, limits=Limits(memory_mb=600)))
    assert agent.runtime.observe([2]) == []
    agent.runtime.apply(agent.spec(1, generation=2, limits=Limits(memory_mb=600)))
    agent.running(1, 1)


def test_files_in_memory_count_as_memory(shared_agent: Agent) -> None:
    fill = "import os\nfor n in range(10**7): open(f'/tmp/{n}', 'w').close()"
    spec = run_spec(shared_agent, "inodes", f'exec python3 -c "{fill}"')
    assert shared_agent.run(replace(spec, limits=Limits(memory_mb=64))) != 0
    assert shared_agent.runtime.observe_run("inodes").reason is EndReason.MEMORY
