"""`up` from start to stop, with real processes."""

import os
import re
import signal
import socket
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import httpx
import pytest

from sites.models import Revision
from sites.runtime.agent.identity import parent_of
from sites.supervisor.former import former_name
from sites.supervisor.records import write_record
from tests.live.hanging import ENVOY_SECONDS
from tests.live.instances import running_process
from tests.live.moments import children
from tests.live.stage import assert_unnoticed, judge, stage, using, visitors
from tests.live.system import PARTS, System, wait_for
from tools.prober.load import Load

pytestmark = pytest.mark.live

SURVIVORS = ("redis", "agent", "envoy")  # in the order of PARTS
WORKERS = ("worker-control", "worker-work")
MORTALS = ("forkserver", "xds", "guard", "web", "worker-control", "worker-work", "beat")


def answers(system: System) -> bool:
    """Whether the portal reports that all parts are well."""
    try:
        with system.client() as client:
            return client.get("/healthz").status_code == 200
    except httpx.TransportError:
        return False


def has_page(system: System) -> bool:
    """Whether the router answers somebody who waits half a second for it."""
    try:
        return httpx.get(f"http://127.0.0.1:{system.port}/", timeout=0.5).status_code < 400
    except httpx.TransportError:
        return False


def test_everything_comes_up_and_a_way_in_is_printed(system: System) -> None:
    assert set(system.identities()) == set(PARTS)
    assert system.link().startswith("/welcome/")
    wait_for(lambda: answers(system), 60, "the portal is well")
    assert system.told().startswith("Isolation of the sites: ")


def test_what_no_visitor_waits_for_stands_behind(system: System) -> None:
    parts = {name: [system.pid(name), *children(system.pid(name))] for name in ("web", "beat", *WORKERS)}
    threads = {
        name: [int(one) for pid in pids for one in os.listdir(f"/proc/{pid}/task")] for name, pids in parts.items()
    }
    niceness = {name: {os.getpriority(os.PRIO_PROCESS, one) for one in found} for name, found in threads.items()}
    assert niceness == {"web": {0}, "beat": {0}, "worker-control": {10}, "worker-work": {10}}


def nicenesses(pid: int) -> list[int]:
    """Of all threads of a process."""
    return [os.getpriority(os.PRIO_PROCESS, int(thread)) for thread in os.listdir(f"/proc/{pid}/task")]


def test_the_folders_are_closed_to_others(system: System) -> None:
    for path in (system.data, system.run_dir, system.data / "logs"):
        assert path.stat().st_mode & 0o077 == 0
    for name in ("redis", "agent", "web", "up", "xds-control"):
        assert (system.run_dir / f"{name}.sock").stat().st_mode & 0o077 == 0


def test_a_second_up_is_refused_with_the_first_ones_address(system: System) -> None:
    done = system.manage("up")
    assert done.returncode == 1
    assert "already running here since" in done.stderr
    assert f"(process {system.up.pid}), portal http://localhost:{system.port}." in done.stderr


def test_a_taken_port_is_refused_with_its_owner(make_system: Callable[..., System]) -> None:
    other = make_system()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", other.port))
        taken.listen()
        done = other.manage("up")
    assert done.returncode == 1
    assert f"Port {other.port} is used by" in done.stderr
    assert f"(process {os.getpid()})" in done.stderr
    assert "Start with another: ./greenroom up --port" in done.stderr
    assert not other.identities()


@pytest.mark.parametrize("name", PARTS)
def test_a_part_that_is_killed_comes_back(system: System, name: str) -> None:
    told = len(system.told())
    former = system.kill(name)
    system.wait_for_another(name, former)
    is_back = re.compile(rf"{name} +answers again after")
    wait_for(lambda: is_back.search(system.told(), told), 60, f"{name} answers again")
    wait_for(lambda: answers(system), 30, f"the portal is well after the end of {name}")
    assert re.search(rf"{name} +was ended by signal 9", system.told()[told:])


def test_a_stopped_router_serves_again_within_five_seconds(system: System) -> None:
    former = system.kill("envoy", signal.SIGSTOP)
    wait_for(partial(has_page, system), ENVOY_SECONDS, "visitors reach the portal again", interval=0.01)
    assert system.identities()["envoy"] != former


def test_everything_that_hangs_at_once_is_replaced_and_named(system: System) -> None:
    told = len(system.told())
    former = {name: system.kill(name, signal.SIGSTOP) for name in PARTS}
    for name, identity in former.items():
        system.wait_for_another(name, identity, 60)
        is_back = re.compile(rf"{name} +answers again after")
        wait_for(lambda is_back=is_back: is_back.search(system.told(), told), 60, f"{name} answers again")
        assert re.search(rf"{name} +was stopped by a signal, did not answer for .* s and is replaced", system.told())
    wait_for(lambda: answers(system), 30, "the portal is well")
    shown, advised = (system.manage(command).stdout for command in ("status", "doctor"))
    for name in PARTS:
        hung = r"was stopped by a signal, did not answer for \d+(\.\d)? s and was replaced on "
        assert re.search(rf"{name} +process .*restarted \d+ times\n +{hung}", shown)
        assert re.search(rf"^{name} {hung}", advised, re.MULTILINE)


def test_status_says_that_up_itself_hangs_and_how_it_goes_on(system: System) -> None:
    assert system.up is not None
    system.up.send_signal(signal.SIGSTOP)
    try:
        done, restarted = system.manage("status"), system.manage("restart")
    finally:
        system.up.send_signal(signal.SIGCONT)
    assert done.returncode == 4
    assert done.stdout.startswith(f"`up` (process {system.up.pid}) was stopped by a signal.")
    assert "Processes" in done.stdout
    assert restarted.returncode == 1
    assert "Nothing was restarted." in restarted.stderr
    wait_for(lambda: answers(system), 60, "the portal is well")


def test_a_restart_keeps_what_serves_the_sites_and_refuses_nobody(system: System) -> None:
    before = system.identities()
    ended = threading.Event()
    statuses: Counter[int] = Counter()

    def visit() -> None:
        with system.client() as client:
            while not ended.is_set():
                statuses[client.get("/sign-in/").status_code] += 1
                ended.wait(0.05)

    visitor = threading.Thread(target=visit)
    visitor.start()
    done = system.manage("restart")
    ended.set()
    visitor.join()
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(statuses) == {200}, statuses
    assert statuses.total() > 10
    after = system.identities()
    assert {name: after[name] for name in SURVIVORS} == {name: before[name] for name in SURVIVORS}
    assert not {name for name in MORTALS if after[name] == before[name]}
    assert system.up.poll() is None
    assert "the sites went on serving" in done.stdout


def test_a_restart_replaces_agent_and_router_of_former_code_and_nobody_notices(system: System) -> None:
    with using(system):
        site = stage(system, "carried", instances=1, is_marked=False)
        agent, router = system.record("agent"), system.record("envoy")
        process = running_process(system, Revision.objects.get(live_slots=site.production).pk, 0)
        for former in (agent, router):
            write_record(system.run_dir, replace(former, code="of before"))
        killed: list[int] = []

        def kill_the_first_successor() -> None:
            def has_begun() -> bool:
                return system.pid("envoy") != router.identity.pid

            wait_for(has_begun, 120, "another router starts", interval=0.002)
            killed.append(system.kill("envoy").pid)

        killer = threading.Thread(target=kill_the_first_successor)
        killer.start()
        with Load(visitors(site, is_light=True)) as load:
            done = system.manage("restart")
        killer.join()
        assert done.returncode == 0, done.stdout + done.stderr
        assert system.pid("agent") != agent.identity.pid
        assert process.is_alive()
        assert system.pid("envoy") not in (router.identity.pid, *killed)
        assert f"could not hand over (envoy); process {router.identity.pid} goes on" in system.told()
        assert f"has taken over from {router.identity.pid}, which finishes what it serves" in system.told()
        assert system.record(former_name("envoy")).identity == router.identity
        system.remember()
        assert_unnoticed(judge(load.records, site), at_least=20)


def test_status_tells_of_every_process(system: System) -> None:
    done = system.manage("status")
    assert done.returncode == 0, done.stderr
    for name, identity in system.identities().items():
        assert f"{name:<16} process {identity.pid}, since" in done.stdout
    assert "Open operations" in done.stdout


def test_survivors_of_a_killed_up_are_adopted(system: System) -> None:
    before = system.identities()
    system.kill_up()
    wait_for(lambda: not any(before[name].is_alive() for name in MORTALS), 30, "the control plane has ended")
    assert [name for name in before if before[name].is_alive()] == list(SURVIVORS)
    system.start()
    after = system.identities()
    assert {name: after[name] for name in SURVIVORS} == {name: before[name] for name in SURVIVORS}
    assert not {name for name in MORTALS if after[name] == before[name]}
    wait_for(lambda: answers(system), 60, "the portal is well")


def test_an_interrupt_leaves_no_process(system: System) -> None:
    system.remember()
    assert system.interrupt() == 0
    assert not [identity for identity in system.seen if identity.is_alive()]
    assert not [name for name in PARTS if (system.run_dir / f"{name}.json").exists()]
    assert system.told().rstrip().endswith("stopped")


def test_python_parts_share_what_the_fork_server_has_loaded(system: System) -> None:
    done = system.manage("restart")  # a part that was replaced while the fork server hung was started without it
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("xds", "beat", *WORKERS):
        assert Path(f"/proc/{system.pid(name)}/comm").read_text().strip() == name
        assert parent_of(system.pid(name)) == system.up.pid
        assert children(system.pid(name)) == []
        rollup = Path(f"/proc/{system.pid(name)}/smaps_rollup").read_text()
        whole, clean, dirty = (
            int(re.findall(rf"^{key}: +(\d+)", rollup, re.M)[0]) for key in ("Rss", "Private_Clean", "Private_Dirty")
        )
        assert clean + dirty < whole / 2, f"most of the memory of {name} is shared"


def test_sigterm_during_the_start_stops_what_was_started(make_system: Callable[..., System]) -> None:
    other = make_system()
    up = other.launch()
    wait_for(lambda: "redis" in other.identities(), 30, "Redis runs")
    other.remember()
    up.send_signal(signal.SIGTERM)
    assert up.wait(120) == 0
    assert not [identity for identity in other.seen if identity.is_alive()]


def test_a_part_that_does_not_start_stops_everything_with_its_last_lines(make_system: Callable[..., System]) -> None:
    other = make_system(ENVOY_PATH="/bin/false")
    up = other.launch()
    wait_for(lambda: "agent" in other.identities(), 60, "the agent runs")
    other.remember()
    assert up.wait(120) == 1
    assert "envoy          ended with code 1 before it answered" in other.told()
    assert "envoy did not come up, so everything is stopped again; see logs/envoy.log" in other.told()
    assert not [identity for identity in other.seen if identity.is_alive()]
