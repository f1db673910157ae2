"""Greenroom as a service of systemd, installed by `./greenroom service`: start, crash, reload, reboot, stop."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.machine.machine import FOLDER, PYTHON, Machine
from tests.machine.progress import report, timed

pytestmark = pytest.mark.machine

DATA = "/var/lib/greenroom"
UP_SECONDS = 3600
"""An emulator on a busy machine; `up` itself gives up on a part that hangs."""
SLOW = "[Service]\nEnvironment=GREENROOM_READY_SECONDS=1800\nTimeoutStopSec=1800\n"
INSIDE = ("env", "-C", FOLDER, f"GREENROOM_DATA={DATA}", "DJANGO_SETTINGS_MODULE=portal.settings", PYTHON, "-m")
VISITOR = (PYTHON, "-m", "tests.machine.inside.visitor")
WAIT = "until systemctl is-active --quiet greenroom; do ! systemctl is-failed --quiet greenroom; sleep 2; done"
BEFORE = {"hello": "Version 1", "hello-staging": "Version 2"}
SWAPPED = {"hello": "Version 2", "hello-staging": "Version 1"}


class Service:
    """The unit and what it started."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def control(self, *words: str) -> None:
        """systemctl, to its end."""
        self.machine.check("systemctl", *words, "greenroom", seconds=UP_SECONDS)

    def command(self, what: str) -> str:
        """`./greenroom service`, to its end; what it told."""
        return self.machine.check(f"{FOLDER}/greenroom", "service", what, "--data", DATA, seconds=UP_SECONDS)

    def show(self, name: str) -> str:
        """A property of the unit."""
        return self.machine.check("systemctl", "show", "--property", name, "--value", "greenroom").strip()

    def wait_until_ready(self) -> None:
        """After systemd has started it by itself."""
        self.machine.check("sh", "-ec", WAIT, seconds=UP_SECONDS)

    def sample(self, what: str) -> None:
        """Create it or swap it."""
        said = self.machine.check(*INSIDE, "tests.machine.inside.sample", what, seconds=UP_SECONDS)
        assert said.startswith("succeeded"), said
        report(said.strip())

    def told(self) -> str:
        """What `up` has told so far."""
        return self.machine.read(f"{DATA}/logs/up.log")

    def pid(self, part: str) -> int:
        """Of a part of `up`."""
        return int(json.loads(self.machine.read(f"{DATA}/run/{part}.json"))["identity"]["pid"])

    def instances(self) -> dict[str, list[str]]:
        """Control group of each instance → its processes."""
        line = "cd /sys/fs/cgroup/system.slice/greenroom-*.scope/sites && grep . */cgroup.procs"
        found: dict[str, list[str]] = {}
        for row in self.machine.check("sh", "-c", line).split():
            file, _, pid = row.partition(":")
            found.setdefault(file.partition("/")[0], []).append(pid)
        return found

    def limit(self, instance: str, file: str) -> str:
        """What the kernel was told."""
        return self.machine.check(
            "sh", "-c", f"cat /sys/fs/cgroup/system.slice/greenroom-*.scope/sites/{instance}/{file}"
        ).strip()

    def serves(self) -> dict[str, str]:
        """What each slot of the sample says."""
        seen = json.loads(self.machine.check("env", "-C", FOLDER, *VISITOR, "once"))
        return {host: next(iter(said)) for host, said in seen.items()}

    @contextmanager
    def visited(self) -> Iterator[dict[str, dict[str, int]]]:
        """Within it somebody looks at the sample; afterwards the dictionary holds what was said, and how often."""
        seen: dict[str, dict[str, int]] = {}
        self.machine.check(
            *("systemd-run", "--quiet", "--collect", "--unit=visitor", f"--working-directory={FOLDER}"),
            *("--property=StandardOutput=truncate:/run/visitor.json", *VISITOR),
        )
        yield seen
        self.machine.check("systemctl", "stop", "visitor")
        seen |= json.loads(self.machine.read("/run/visitor.json"))
        report(f"visitors saw {seen}")


@pytest.fixture(scope="module")
def service(machine: Machine) -> Iterator[Service]:
    """Installed, enabled and started by the command."""
    folder = "/etc/systemd/system/greenroom.service.d"
    machine.check("mkdir", "-p", folder)
    machine.check("tee", f"{folder}/slow.conf", given=SLOW)
    service = Service(machine)
    with timed("`./greenroom service install`, until everything is up"):
        service.command("install")
    with timed("the sample web site"):
        service.sample("create")
    yield service
    service.command("remove")
    assert machine.run("systemctl", "cat", "greenroom").code != 0


def test_the_unit_is_active_once_everything_is_up(service: Service) -> None:
    assert (service.show("ActiveState"), service.show("SubState")) == ("active", "running")
    assert "active (running), starts with the machine" in service.command("status")
    assert service.serves() == BEFORE


def test_the_journal_holds_no_link_that_signs_in(service: Service) -> None:
    journal = service.machine.check("journalctl", "--unit=greenroom", "--output=cat")
    assert "everything is up" in journal
    assert "./greenroom password" in journal
    assert "/welcome/" not in journal


def test_instances_have_their_limits_in_a_scope_beside_the_unit(service: Service) -> None:
    instances = service.instances()
    assert len(instances) == 3, "two of production, one of staging"
    for instance in instances:
        found = {file: service.limit(instance, file) for file in ("memory.max", "pids.max", "cpu.max")}
        report(f"{instance}: {found}")
        assert found == {"memory.max": str(1792 << 20), "pids.max": "512", "cpu.max": "100000 100000"}
    unit = service.show("ControlGroup")
    assert str(service.pid("agent")) not in service.machine.read(f"/sys/fs/cgroup{unit}/cgroup.procs").split()


def test_after_a_crash_of_up_the_unit_starts_again_and_adopts_what_serves(service: Service) -> None:
    before = service.instances(), service.pid("envoy"), service.pid("agent")
    restarts = int(service.show("NRestarts"))
    with service.visited() as seen, timed("`up` killed, until everything is up again"):
        service.machine.check("kill", "-9", service.show("MainPID"))
        service.wait_until_ready()
    assert int(service.show("NRestarts")) == restarts + 1
    assert (service.instances(), service.pid("envoy"), service.pid("agent")) == before
    assert {host: list(said) for host, said in seen.items()} == {host: [said] for host, said in BEFORE.items()}


def test_an_up_that_hangs_is_replaced_and_what_serves_is_adopted(service: Service) -> None:
    before = service.instances(), service.pid("envoy"), service.pid("agent")
    restarts = int(service.show("NRestarts"))
    former = service.show("MainPID")
    with service.visited() as seen, timed("`up` stopped, until everything is up again"):
        service.machine.check("kill", "-STOP", former)
        service.machine.check("tail", f"--pid={former}", "-f", "/dev/null", seconds=UP_SECONDS)
        service.wait_until_ready()
    assert int(service.show("NRestarts")) == restarts + 1
    assert (service.instances(), service.pid("envoy"), service.pid("agent")) == before
    assert {host: list(said) for host, said in seen.items()} == {host: [said] for host, said in BEFORE.items()}


def test_a_reload_replaces_the_control_plane_while_the_sites_serve(service: Service) -> None:
    before = service.instances(), service.pid("envoy"), service.pid("agent")
    web = service.pid("web")
    with service.visited() as seen, timed("`systemctl reload greenroom`"):
        service.control("reload")
    assert service.pid("web") != web
    assert (service.instances(), service.pid("envoy"), service.pid("agent")) == before
    assert {host: list(said) for host, said in seen.items()} == {host: [said] for host, said in BEFORE.items()}


def test_an_agent_that_is_killed_comes_back_beside_its_instances(service: Service) -> None:
    instances, agent = service.instances(), service.pid("agent")
    service.machine.check("kill", "-9", str(agent))
    line = (
        f"until [ -e {DATA}/run/agent.json ] && ! grep -q '\"pid\": {agent},' {DATA}/run/agent.json; do sleep 1; done"
    )
    service.machine.check("sh", "-c", line)
    service.machine.check(
        "sh",
        "-c",
        f"until curl --silent --fail --unix-socket {DATA}/run/agent.sock http://agent/status; do sleep 1; done",
    )
    assert service.instances() == instances
    line = "cat /sys/fs/cgroup/system.slice/greenroom-*.scope/agent/cgroup.procs"
    assert str(service.pid("agent")) in service.machine.check("sh", "-c", line).split()
    assert service.serves() == BEFORE


def test_after_a_reboot_both_slots_serve_what_they_served_before(service: Service) -> None:
    with timed("a swap of the sample"):
        service.sample("swap")
    assert service.serves() == SWAPPED
    size = len(service.told())
    service.machine.reboot()
    with timed("after the reboot, until everything is up"):
        service.wait_until_ready()
    shutdown, stopped, _ = service.told()[size:].partition("up             stopped")
    assert stopped and "agent          stopped after" in shutdown
    assert "starting it again" not in shutdown, "the scope is stopped after the service"
    assert service.show("NRestarts") == "0"
    assert service.serves() == SWAPPED
    assert len(service.instances()) >= 3


def test_a_stop_ends_everything_in_order_and_leaves_nothing(service: Service) -> None:
    with timed("`systemctl stop greenroom`"):
        service.control("stop")
    assert (service.show("ActiveState"), service.show("Result")) == ("inactive", "success")
    assert service.machine.run("sh", "-c", "ls -d /sys/fs/cgroup/system.slice/greenroom*").code != 0
    assert service.machine.run("pgrep", "--full", "greenroom|app.py").code == 1
