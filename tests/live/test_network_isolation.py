"""What sites, builds and release commands reach of the network, and who reaches them."""

import itertools
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sites.management.welcome import administrator
from sites.models import Operation, Slot
from sites.runtime.agent import firewall, links
from sites.runtime.agent.addresses import block_of
from sites.runtime.spec import InstanceStatus, Mount, RunSpec
from sites.services.sites import create_site
from sites.services.subscriptions import ensure_default
from tests.live import archives
from tests.live.agent_rig import Agent, get, running_agent, wait_until
from tests.live.instances import runtime_of
from tests.live.outside import (
    METADATA,
    NAME,
    NAME_SERVER,
    PRIVATE,
    PUBLIC,
    SHARED,
    TRANSLATED,
    outside,
    translated,
)
from tests.live.stage import stage, using
from tests.live.system import System
from tests.live.targets import PROWL, laid_out, targets
from tools.demo.operations import wait_for
from tools.demo.publishing import publish

pytestmark = pytest.mark.live

MIN_ATTEMPTS = 45
NUMBERS = itertools.count(70)
"""Of revisions: an order for one that has ended would be refused."""
NOBODY = "65534"
CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 2).close()"
PUT_BACK_SECONDS = 30.0
SPRAY = """
import socket
end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sent = 0
for port in range(1000, 1000 + {count}):
    try:
        end.sendto(b"x", ("{address}", port))
        sent += 1
    except OSError:
        pass
print(sent)
"""
COUNT = Path("/proc/sys/net/netfilter/nf_conntrack_count")


@pytest.fixture(scope="module", autouse=True)
def beyond() -> Iterator[None]:
    """A network in which everything that is asked for answers."""
    with outside():
        yield


@pytest.fixture(scope="module")
def strict_agent() -> Iterator[Agent]:
    """One that refuses private networks; one of its name servers is also the metadata service, as at some clouds."""
    options = ["--private-networks", "refuse", "--name-server", NAME_SERVER, "--name-server", METADATA[0]]
    with running_agent(*options) as agent:
        yield agent


def prowled(agent: Agent, kind: str, told: dict[str, Any]) -> dict[str, Any]:
    """What a site found in an instance or in a run."""
    folder = laid_out(agent.folder / f"prowler-{kind}", told)
    command = ("/usr/bin/python3", "prowl.py", "targets.json")
    if kind == "instance":
        number = next(NUMBERS)
        (instance,) = agent.serve(number, app=str(folder), command=command)
        found = get(instance, "/prowl")
        agent.stop(number)
    else:
        log = agent.folder / "prowler.log"
        log.unlink(missing_ok=True)
        mounts = (Mount(str(folder), "/app", is_writable=False),)
        assert agent.run(RunSpec("prowler", 70, "s", command, {}, mounts, log=str(log))) == 0, log.read_text()
        agent.runtime.end_run("prowler")
        found = log.read_text().splitlines()[-1]
    return dict(json.loads(found))


@pytest.fixture
def neighbour(shared_agent: Agent) -> Iterator[InstanceStatus]:
    """An instance of another site."""
    number = next(NUMBERS)
    (instance,) = shared_agent.serve(number)
    yield instance
    shared_agent.stop(number)


def closed_blocks() -> list[str]:
    """Blocks of addresses that lead nowhere."""
    return [route["dst"] for route in links.routes() if links.is_closed_block(route)]


def former_address(agent: Agent) -> str:
    """Where an instance was that has ended."""
    number = next(NUMBERS)
    (ended,) = agent.serve(number)
    agent.stop(number)
    return ended.address


@pytest.mark.parametrize("kind", ["instance", "run"])
def test_nothing_of_this_machine_and_of_its_neighbours_is_reached(
    shared_agent: Agent, neighbour: InstanceStatus, kind: str
) -> None:
    with (
        running_agent() as other,
        targets(
            neighbour,
            former=former_address(shared_agent),
            unix=str(shared_agent.socket),
            **{"an instance of another installation": (other.serve(73)[0].address, 8080)},
        ) as told,
    ):
        with translated(told["host_port"]):
            beyond = ["ip", "netns", "exec", NAME, sys.executable, "-c", CONNECT, TRANSLATED, "80"]
            assert subprocess.run(beyond).returncode == 0, "others are let in that way"
            told["tcp"]["this machine by a translated address"] = (TRANSLATED, 80)
            found = prowled(shared_agent, kind, told)
        assert found["succeeded"] == []
        assert found["is_open"], "the internet is reached, so what failed was refused"
        assert found["count"] >= MIN_ATTEMPTS


def test_private_networks_are_reached_unless_they_are_refused(shared_agent: Agent, strict_agent: Agent) -> None:
    told: dict[str, Any] = {
        "tcp": {"private": (PRIVATE, 80), "shared": (SHARED, 80), "name server": (NAME_SERVER, 53)},
        "udp": {"name server": (NAME_SERVER, 53), "metadata as a name server": (METADATA[0], 53)},
    }
    told["tcp"] |= {"web server beside it": (NAME_SERVER, 80), "metadata": (METADATA[0], 80)}
    script = (
        "import json, sys; sys.path.insert(0, '.'); import prowl; told = json.load(open('targets.json'));"
        "print(json.dumps([*(n for n, t in told['tcp'].items() if prowl.connects(*t)),"
        " *(f'{n} by UDP' for n, t in told['udp'].items() if prowl.is_answered(*t))]))"
    )
    reached = {}
    for agent in (shared_agent, strict_agent):
        folder, log = laid_out(agent.folder / "private", told), agent.folder / "private.log"
        mounts = (Mount(str(folder), "/app", is_writable=False),)
        command = ("/usr/bin/python3", "-c", script)
        assert agent.run(RunSpec("private", 70, "s", command, {}, mounts, log=str(log))) == 0, log.read_text()
        reached[agent] = json.loads(log.read_text())
    by_udp = "name server by UDP"
    assert reached[shared_agent] == ["private", "shared", "name server", "web server beside it", by_udp]
    assert reached[strict_agent] == ["name server", by_udp, "metadata as a name server by UDP"]


def test_only_the_router_and_root_connect_to_an_instance(neighbour: InstanceStatus) -> None:
    line = [sys.executable, "-c", CONNECT, neighbour.address, str(neighbour.port)]
    assert subprocess.run(line, capture_output=True).returncode == 0
    for user in (NOBODY, "1000", "20071"):  # the last is that of the instance itself
        refused = subprocess.run(
            ["setpriv", "--reuid", user, "--regid", user, "--clear-groups", *line], capture_output=True, text=True
        )
        assert refused.returncode == 1
        assert "OSError" in refused.stderr, refused.stderr


def test_an_address_that_nobody_has_leads_nowhere_for_this_machine_too(shared_agent: Agent) -> None:
    line = [sys.executable, "-c", CONNECT, former_address(shared_agent), "8080"]
    waited = []
    for _ in range(3):
        began = time.monotonic()
        assert "No route to host" in subprocess.run(line, capture_output=True, text=True).stderr
        waited.append(time.monotonic() - began)
    assert min(waited) < 2, "the router does not wait for it either"


def test_what_another_program_removes_is_put_back(shared_agent: Agent, neighbour: InstanceStatus) -> None:
    octet = neighbour.address.split(".")[1]
    firewall.remove(f"greenroom_{octet}")
    links.open_block(block_of(int(octet)))
    links.remove_gateway(f"10.{octet}.0.1")
    wait_until(lambda: firewall.is_loaded(f"greenroom_{octet}"), PUT_BACK_SECONDS)
    assert block_of(int(octet)) in closed_blocks()
    assert get(neighbour)
    assert "Another program has removed the firewall rules" in (shared_agent.folder / "agent.log").read_text()


def test_one_sandbox_cannot_take_all_connections_of_the_machine(shared_agent: Agent) -> None:
    before, most = int(COUNT.read_text()), firewall.max_flows()
    log = shared_agent.folder / "spray.log"
    command = ("/usr/bin/python3", "-c", SPRAY.format(count=min(2 * most, 60_000), address=PUBLIC))
    assert shared_agent.run(RunSpec("spray", 70, "s", command, {}, (), directory="/", log=str(log))) == 0
    assert int(log.read_text()) > most
    assert int(COUNT.read_text()) - before <= most * 1.2


def test_a_place_is_the_same_after_a_stop_and_a_start() -> None:
    with tempfile.TemporaryDirectory(prefix="greenroom-") as folder:
        agent = Agent(Path(folder))
        agent.start()
        before = agent.serve(1, 2)
        agent.serve(2)
        agent.stop(2)
        agent.runtime.shut_down(with_instances=True)
        assert agent.process is not None
        agent.process.wait(10)
        octet = int(before[0].address.split(".")[1])
        assert links.names_with(f"room{octet}-") == set()
        assert block_of(octet) in closed_blocks(), "a router that still runs must not send anybody out"
        agent.start()
        assert [one.address for one in agent.running(1, 2)] == [one.address for one in before]
        agent.close()


def test_an_agent_that_takes_over_says_at_once_what_runs(agent: Agent) -> None:
    before = agent.serve(1, 3)
    agent.kill()
    agent.start()
    assert agent.runtime.observe([1]) == before


def test_a_published_site_gets_nowhere_while_it_is_built_released_and_served(system: System) -> None:
    with using(system):
        victim = stage(system, "prowled", instances=1, is_marked=False, has_staging=False)
        (instance,) = runtime_of(system).observe([victim.production.live_revision_id or 0])
        user = administrator()
        wait_for(create_site(acting_user=user, subscription=ensure_default(owner=user), name="prowler"))
        production = Slot.objects.get(site__name="prowler", is_production=True)
        ways = {
            "the router": ("127.0.0.1", system.port),
            "the router by the gateway": (f"10.{instance.address.split('.')[1]}.0.1", system.port),
        }
        with targets(instance, former=instance.address, unix=str(system.run_dir / "redis.sock"), **ways) as told:
            command = "python3 prowl.py targets.json"
            package = {"scripts": {"build": command}}
            archive = archives.zipped(
                prowl__py=PROWL.read_text(),
                targets__json=json.dumps(told),
                package__json=json.dumps(package),
                Procfile=f"release: {command}\nweb: {command}\n",
            )
            operation = Operation.objects.get(public_id=publish(production, archive, "prowl", port=system.port))
            wait_for(operation)
            deployment = operation.deployment
            log = system.data / "logs" / "deployments" / f"{deployment.public_id.hex}.log"
            reports = [line for line in log.read_text().splitlines() if line.startswith('{"succeeded"')]
            with system.client("prowler") as client:
                reports.append(client.get("/prowl").text)
        assert len(reports) == 3, log.read_text()
        for report in map(json.loads, reports):
            assert report["succeeded"] == []
            assert report["is_open"]
            assert report["count"] >= MIN_ATTEMPTS
