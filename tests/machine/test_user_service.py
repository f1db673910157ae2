"""Greenroom as a service of an ordinary user, installed by `./greenroom service`, below a systemd of the user's own."""

from collections.abc import Iterator

import pytest

from tests.machine.machine import FOLDER, Machine
from tests.machine.progress import timed

pytestmark = pytest.mark.machine

UP_SECONDS = 3600
SLOW = "[Service]\nEnvironment=GREENROOM_READY_SECONDS=1800\n"
COMMAND = (f"{FOLDER}/greenroom", "service")
DATA = ("--data", "/home/person/data")
AS_PERSON = ("setpriv", "--reuid=person", "--regid=person", "--init-groups", "env", "XDG_RUNTIME_DIR=/run/user/1000")
UNITS = "/home/person/.config/systemd/user"


@pytest.fixture(scope="module")
def user(machine: Machine) -> Iterator[Machine]:
    """The machine, with the unit of the user started."""
    machine.check("loginctl", "enable-linger", "person")
    machine.check(*AS_PERSON, "mkdir", "-p", f"{UNITS}/greenroom.service.d")
    machine.check(*AS_PERSON, "tee", f"{UNITS}/greenroom.service.d/slow.conf", given=SLOW)
    with timed("as a user, until everything is up"):
        machine.check(*AS_PERSON, *COMMAND, "install", *DATA, seconds=UP_SECONDS)
    yield machine
    machine.check(*AS_PERSON, *COMMAND, "remove", *DATA, seconds=UP_SECONDS)


def test_it_runs_with_sandboxes_and_limits(user: Machine) -> None:
    journal = user.check("journalctl", "--output=cat", "_UID=1000")
    assert "Isolation of the sites: partial" in journal
    assert "limits by control groups (version 2: memory, pids, cpu, in a scope of the user's systemd)" in journal
    assert "everything is up" in journal


def test_its_agent_is_below_the_user_s_systemd(user: Machine) -> None:
    line = "cat /proc/$(cat /home/person/data/run/agent.json | grep -o '\"pid\": [0-9]*' | cut -d' ' -f2)/cgroup"
    group = user.check("sh", "-c", line)
    assert "/user@1000.service/app.slice/greenroom-" in group
    assert group.strip().endswith(".scope/agent")
