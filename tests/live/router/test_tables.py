"""New route tables reach a real Envoy whole, in order and without a lost request, or not at all."""

import time

import pytest

from sites.router.table import Cluster, Endpoint, HostRoute
from tests.live.router.client import Client
from tests.live.router.rig import PRODUCTION, STAGING, Rig, eventually, hosts

pytestmark = pytest.mark.live


def test_swaps_lose_no_request_and_nobody_goes_back(running: Rig, clusters: list[Cluster]) -> None:
    clients = [Client(running.port, host) for host in (PRODUCTION, STAGING) * 3]
    for client in clients:
        client.start()
    pushed, acknowledged, seconds = [0.0], [0.0], []
    try:
        for number in range(1, 25):
            version = running.commit(hosts("r-2", "r-1") if number % 2 else hosts("r-1", "r-2"), clusters)
            pushed.append(time.monotonic())
            assert running.router.publish(1, version).versions == {"router-1": version}
            acknowledged.append(time.monotonic())
            seconds.append(acknowledged[-1] - pushed[-1])
            time.sleep(0.1)
    finally:
        for client in clients:
            client.stop()
    assert [client.failures for client in clients] == [[]] * 6
    assert sum(len(client.answers) for client in clients) > 500
    assert sorted(seconds)[len(seconds) // 2] < 0.2
    for client, parity in zip(clients, (0, 1) * 3, strict=True):
        reached = 0
        for sent_at, ended_at, label in client.answers:
            # The swaps that this answer can stem from: begun before it ended, and not overtaken when it was sent
            first = max(i for i, at in enumerate(acknowledged) if at <= sent_at)
            last = max(i for i, at in enumerate(pushed) if at <= ended_at)
            possible = [i for i in range(first, last + 1) if (i + parity) % 2 == "AB".index(label)]
            assert possible, "an answer of the side that had left"
            assert possible[-1] >= reached, "an answer of the side that had left, after one of the other"
            reached = max(reached, possible[0])


def test_unchanged_routes_are_acknowledged_at_once(running: Rig, clusters: list[Cluster]) -> None:
    running.ask(PRODUCTION)
    began = time.monotonic()
    running.publish(hosts("r-1", "r-2"), clusters)
    running.publish(hosts("r-1", "r-2"), clusters)
    assert time.monotonic() - began < 5, "no router was waited for"


def test_a_table_that_nobody_published_arrives_by_itself(running: Rig, clusters: list[Cluster]) -> None:
    running.ask(PRODUCTION)
    running.commit(hosts("r-2", "r-1"), clusters)
    eventually(lambda: running.ask(PRODUCTION).json()["label"] == "B")


def test_a_cluster_leaves_with_its_table_and_a_site_with_its_names(running: Rig, clusters: list[Cluster]) -> None:
    running.ask(PRODUCTION)
    running.publish(hosts("r-2", "r-2"), clusters)
    running.publish(hosts("r-2", "r-2"), clusters[1:])
    assert running.ask(PRODUCTION).json()["label"] == "B"
    running.publish(hosts("r-1", "r-2"), clusters)
    assert running.ask(PRODUCTION).json()["label"] == "A"
    running.delete()
    assert running.router.publish(1, 9).versions == {"router-1": 9}
    assert running.ask(PRODUCTION).status_code == 404
    eventually(lambda: running.router.status()["nodes"]["router-1"]["loaded_sites"] == 0)


def test_new_host_names_and_instances_answer_at_the_acknowledgement(running: Rig, clusters: list[Cluster]) -> None:
    running.ask(PRODUCTION)
    third = Cluster("r-3", (running.backends.add("C"),))
    running.publish([*hosts("r-1", "r-2"), HostRoute("www.contoso.example", "production", "r-3")], [*clusters, third])
    assert running.ask("www.contoso.example").json()["label"] == "C"
    grown = Cluster("r-3", (*third.endpoints, running.backends.add("D")))
    running.publish([HostRoute("www.contoso.example", "production", "r-3")], [*clusters, grown])
    assert {running.ask("www.contoso.example").json()["label"] for _ in range(8)} == {"C", "D"}


def test_a_refused_table_is_reported_and_changes_nothing(running: Rig, clusters: list[Cluster]) -> None:
    running.ask(PRODUCTION)
    nameless = Cluster("r-4", (Endpoint("not an address", 80),))
    version = running.commit(hosts("r-4", "r-2"), [*clusters, nameless])
    began = time.monotonic()
    acknowledgement = running.router.publish(1, version)
    assert time.monotonic() - began < 5, "the refusal ends the wait"
    assert "not an address" in acknowledgement.refusals["router-1"]
    assert acknowledgement.versions.get("router-1", 0) < version
    assert running.ask(PRODUCTION).json()["label"] == "A"
    running.publish(hosts("r-2", "r-1"), clusters)
    assert running.ask(PRODUCTION).json()["label"] == "B"


def test_a_wildcard_answers_for_one_label_and_a_name_of_its_own_goes_before_it(
    running: Rig, clusters: list[Cluster]
) -> None:
    wild = HostRoute("*.fabrikam.example", "production", "r-1")
    named = HostRoute("shop.fabrikam.example", "staging", "r-2")
    assert running.ask("a.fabrikam.example").status_code == 404
    running.publish([*hosts("r-1", "r-2"), wild], clusters)
    eventually(lambda: running.ask("a.fabrikam.example").status_code == 200)
    running.publish([*hosts("r-1", "r-2"), wild], clusters)
    for host in ("a.fabrikam.example", "A.Fabrikam.Example:8080", "shop.fabrikam.example"):
        answer = running.ask(host).json()
        assert answer["label"] == "A"
        told = {name.lower(): value for name, value in answer["headers"].items()}
        assert told["x-website-hostname"] == told["host"] == host.lower()
        assert not {name for name in told if name.startswith("x-greenroom")}
    forged = {"x-greenroom-scope": "contoso-staging.localhost"}
    for host in ("a.b.fabrikam.example", "fabrikam.example", "*.example", "-", ""):
        assert running.ask(host, headers=forged).status_code in (400, 404), host
    running.publish([*hosts("r-1", "r-2"), wild, named], clusters)
    eventually(lambda: running.ask("shop.fabrikam.example").json()["label"] == "B")
    assert running.ask("a.fabrikam.example").json()["label"] == "A"
    assert running.ask("contoso.localhost", headers=forged).json()["label"] == "A"
    running.publish(hosts("r-1", "r-2"), clusters)
    eventually(lambda: running.ask("a.fabrikam.example").status_code == 404)
