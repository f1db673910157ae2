"""A real Envoy and its xDS server outlive each other, and serve nothing by half."""

import socket
import threading
import time
from pathlib import Path

import pytest

from sites.errors import RouterUnreachable
from sites.router.table import Cluster, HostRoute, Sighting
from tests.live.router.client import Client
from tests.live.router.rig import PRODUCTION, STAGING, Rig, eventually, hosts, rig_in
from tests.sites.router.tables import sightings

pytestmark = pytest.mark.live


def test_envoy_goes_on_without_the_server_and_catches_up(running: Rig, clusters: list[Cluster]) -> None:
    client = Client(running.port, PRODUCTION)
    client.start()
    try:
        eventually(lambda: len(client.answers) > 5)
        running.kill("xds")
        with pytest.raises(RouterUnreachable):
            running.router.publish(1, 1)
        running.commit(hosts("r-2", "r-1"), clusters)
        time.sleep(1)
        assert client.answers[-1][2] == "A"
        running.start_xds()
        eventually(lambda: client.answers[-1][2] == "B")
    finally:
        client.stop()
    assert client.failures == []
    assert running.ask(STAGING).json()["label"] == "A"


def test_a_restarted_server_sends_nothing_that_envoy_has(running: Rig) -> None:
    running.ask(PRODUCTION)
    running.kill("xds")
    running.start_xds()
    eventually(lambda: running.router.publish(1, 1).versions == {"router-1": 1})
    eventually(lambda: running.router.status()["nodes"]["router-1"]["listener"] == "listening")
    assert running.ask(PRODUCTION).json()["label"] == "A"


def test_a_new_envoy_serves(running: Rig) -> None:
    assert running.ask(PRODUCTION).status_code == 200
    running.kill("envoy")
    running.start_envoy()
    assert running.ask(PRODUCTION).json()["label"] == "A"


def test_nothing_is_served_before_the_tables_are_complete(rig: Rig) -> None:
    cluster = Cluster("r-1", (rig.backends.add("A"),))
    rig.spawn_xds()
    rig.spawn_envoy()
    time.sleep(1.5)
    assert not rig.is_listening()
    rig.commit([HostRoute(PRODUCTION, "production", "r-1")], [cluster])
    eventually(rig.is_listening)
    assert rig.ask(PRODUCTION).status_code == 200


def test_the_last_good_tables_are_served_without_the_database(running: Rig, clusters: list[Cluster]) -> None:
    running.publish(hosts("r-2", "r-1"), clusters)
    eventually(lambda: not running.terminate("xds"))
    running.kill("envoy")
    tables = running.tables.path.read_text()
    running.tables.path.unlink()
    running.start_xds()
    running.start_envoy()
    assert running.ask(PRODUCTION).json()["label"] == "B"
    with pytest.raises(RouterUnreachable):
        running.router.publish(1, 99)
    running.tables.path.write_text(tables)
    eventually(lambda: not running.router.status()["is_source_away"])


def test_a_port_that_is_taken_is_reported_and_tried_again(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, rig_in(folder, taken.getsockname()[1]) as rig:
        rig.commit([], [])
        rig.start_xds()
        rig.spawn_envoy()

        def states() -> list[str]:
            return [node["listener"] for node in rig.router.status()["nodes"].values()]

        eventually(lambda: any("Address already in use" in state for state in states()))
        taken.close()
        eventually(lambda: states() == ["listening"])
        eventually(rig.is_listening)
        assert rig.ask("nobody.localhost").status_code == 404


def test_a_held_first_request_waits_for_the_server(running: Rig) -> None:
    running.kill("xds")
    answers: list[str] = []
    waiting = threading.Thread(target=lambda: answers.append(running.ask(PRODUCTION, timeout=20).json()["label"]))
    waiting.start()
    time.sleep(0.5)
    assert answers == []
    running.start_xds()
    waiting.join(10)
    assert answers == ["A"]


def is_starting(rig: Rig) -> bool:
    """Whether a visitor gets the page that says so."""
    answer = rig.ask(PRODUCTION)
    is_page = "<h1>This web site is starting</h1>" in answer.text
    return (answer.status_code, answer.headers.get("retry-after")) == (503, "2") and is_page


def test_a_site_is_starting_until_the_runtime_says_that_it_runs_where_the_tables_have_it(
    rig: Rig, clusters: list[Cluster]
) -> None:
    rig.tables.say()
    rig.start_xds()
    rig.start_envoy()
    assert is_starting(rig)
    rig.tables.say(*sightings(clusters))
    eventually(lambda: rig.ask(PRODUCTION).status_code == 200)
    assert rig.ask(PRODUCTION).json()["label"] == "A"
    here, there = clusters
    rig.tables.say(Sighting(here.name, there.endpoints[0], False), Sighting(there.name, here.endpoints[0], True))
    eventually(lambda: is_starting(rig))


def test_an_instance_that_crashes_keeps_its_visitors(running: Rig, clusters: list[Cluster]) -> None:
    running.ask(PRODUCTION)
    running.tables.say(*(Sighting(one.name, one.endpoints[0], False) for one in clusters))
    time.sleep(2)
    assert running.ask(PRODUCTION).json()["label"] == "A"


def test_without_the_runtime_the_server_waits_and_envoy_goes_on(running: Rig) -> None:
    running.ask(PRODUCTION)
    running.kill("xds")
    running.tables.forget_instances()
    running.spawn_xds()
    time.sleep(2)
    assert not running.is_xds_up()
    assert running.ask(PRODUCTION).json()["label"] == "A"
