"""What an Envoy is sent, in which order, and when it counts as having acknowledged."""

from dataclasses import replace

import pytest

from sites.router.table import HostRoute
from sites.router.xds.cache import TableCache
from sites.router.xds.resource import Kind
from sites.router.xds.subscription import Request
from tests.sites.router.tables import cluster, sightings, table
from tests.sites.router.xds.envoy import ImaginedEnvoy, make_cache


@pytest.fixture
def cache() -> TableCache:
    cache = make_cache()
    cache.put(table(1))
    cache.see(sightings(table(1).clusters))
    return cache


@pytest.fixture
def envoy(cache: TableCache) -> ImaginedEnvoy:
    """Connected, and site 1 loaded."""
    envoy = ImaginedEnvoy(cache)
    envoy.connect()
    envoy.load(1)
    return envoy


def sent(envoy: ImaginedEnvoy, kind: Kind) -> list[str]:
    return [sign + name for sent_kind, sign, name in envoy.log if sent_kind is kind]


def test_a_new_envoy_gets_the_portal_and_the_host_names_but_no_site(cache: TableCache) -> None:
    envoy = ImaginedEnvoy(cache)
    envoy.connect()
    assert sent(envoy, Kind.CLUSTER) == ["+portal"]
    assert sent(envoy, Kind.ROUTES) == ["+portal"]
    assert sent(envoy, Kind.LISTENER) == ["+edge"]
    assert sorted(sent(envoy, Kind.SCOPE)) == [
        "+127.0.0.1",
        "+localhost",
        "+site1-staging.localhost",
        "+site1.localhost",
    ]


def test_a_site_is_loaded_in_the_order_clusters_endpoints_routes(envoy: ImaginedEnvoy) -> None:
    order = [(kind, name) for kind, _, name in envoy.log if name in ("r-1", "r-2", "site-1")]
    assert order == [
        (Kind.CLUSTER, "r-1"),
        (Kind.CLUSTER, "r-2"),
        (Kind.ENDPOINTS, "r-1"),
        (Kind.ENDPOINTS, "r-2"),
        (Kind.ROUTES, "site-1"),
    ]


def test_routes_wait_for_the_endpoints_of_every_cluster(cache: TableCache) -> None:
    envoy = ImaginedEnvoy(cache)
    envoy.connect()
    envoy.delays = {Kind.ENDPOINTS}
    envoy.load(1)
    assert "site-1" not in envoy.resources[Kind.ROUTES]
    assert not envoy.stream.has_acknowledged(1)
    envoy.release()
    assert "site-1" in envoy.resources[Kind.ROUTES]
    assert envoy.stream.has_acknowledged(1)


def test_a_swap_sends_one_resource(cache: TableCache, envoy: ImaginedEnvoy) -> None:
    envoy.log.clear()
    envoy.apply(cache.put(table(2, "r-2", "r-1")))
    assert envoy.log == [(Kind.ROUTES, "+", "site-1")]
    assert envoy.stream.has_acknowledged(1)


def test_an_unchanged_table_sends_nothing_and_is_acknowledged(cache: TableCache, envoy: ImaginedEnvoy) -> None:
    envoy.log.clear()
    envoy.apply(cache.put(table(2)))
    assert envoy.log == []
    assert envoy.stream.has_acknowledged(1)


def test_a_site_that_was_not_asked_for_is_acknowledged_with_its_host_names(
    cache: TableCache, envoy: ImaginedEnvoy
) -> None:
    envoy.log.clear()
    envoy.apply(cache.put(table(1, site_id=2, clusters=(cluster("r-9"),))))
    assert {kind for kind, _, _ in envoy.log} == {Kind.SCOPE}
    assert envoy.stream.has_acknowledged(2)
    assert envoy.stream.loaded_sites == {1}


def test_nothing_is_acknowledged_before_the_routes_are(cache: TableCache, envoy: ImaginedEnvoy) -> None:
    envoy.delays = {Kind.ROUTES}
    envoy.apply(cache.put(table(2, "r-2", "r-1")))
    assert not envoy.stream.has_acknowledged(1)
    envoy.release()
    assert envoy.stream.has_acknowledged(1)


def test_a_cluster_leaves_after_the_routes_without_it(cache: TableCache, envoy: ImaginedEnvoy) -> None:
    envoy.log.clear()
    envoy.delays = {Kind.ROUTES}
    envoy.apply(cache.put(table(2, "r-2", "r-2", clusters=(cluster("r-2", 8002),))))
    assert envoy.log == []
    envoy.release()
    assert envoy.log == [(Kind.ROUTES, "+", "site-1"), (Kind.CLUSTER, "-", "r-1")]
    assert envoy.resources[Kind.ENDPOINTS].keys() == {"r-2"}


def test_a_new_host_name_comes_after_the_routes_that_know_it(cache: TableCache, envoy: ImaginedEnvoy) -> None:
    envoy.log.clear()
    new = HostRoute("www.contoso.example", "production", "r-3")
    changed = replace(table(2), hosts=(*table(2).hosts, new), clusters=(*table(2).clusters, cluster("r-3")))
    envoy.apply(cache.put(changed))
    assert [(kind, name) for kind, _, name in envoy.log] == [
        (Kind.CLUSTER, "r-3"),
        (Kind.ENDPOINTS, "r-3"),
        (Kind.ROUTES, "site-1"),
        (Kind.SCOPE, "www.contoso.example"),
    ]


def test_scaling_sends_endpoints_only(cache: TableCache, envoy: ImaginedEnvoy) -> None:
    scaled = table(2, clusters=(cluster("r-1", 8001, 8003), cluster("r-2", 8002)))
    cache.see(sightings(scaled.clusters))
    envoy.log.clear()
    envoy.apply(cache.put(scaled))
    assert envoy.log == [(Kind.ENDPOINTS, "+", "r-1")]
    assert envoy.stream.has_acknowledged(1)


def test_a_removed_site_loses_its_names_then_its_clusters(cache: TableCache, envoy: ImaginedEnvoy) -> None:
    envoy.log.clear()
    envoy.delays = {Kind.SCOPE}
    envoy.apply(cache.remove(1))
    assert not envoy.stream.has_acknowledged(1)
    envoy.release()
    assert envoy.stream.has_acknowledged(1)
    assert sent(envoy, Kind.CLUSTER) == []
    envoy.drop(Kind.ROUTES, "site-1")
    assert sorted(sent(envoy, Kind.CLUSTER)) == ["-r-1", "-r-2"]


def test_a_reconnecting_envoy_that_has_everything_is_sent_nothing(cache: TableCache, envoy: ImaginedEnvoy) -> None:
    again = ImaginedEnvoy(cache, envoy.resources)
    again.connect("site-1")
    again.ask(Kind.ENDPOINTS, "r-1", "r-2")
    assert again.log == []
    assert again.stream.has_acknowledged(1)


def test_an_envoy_that_reconnects_while_a_cluster_lacks_endpoints_gets_them_before_it_speaks_of_clusters(
    cache: TableCache,
) -> None:
    envoy = ImaginedEnvoy(cache)
    envoy.connect()
    envoy.delays = {Kind.ENDPOINTS}
    envoy.load(1)
    again = ImaginedEnvoy(cache, envoy.resources)
    again.ask(Kind.ENDPOINTS, "r-1", "r-2")  # Envoy pauses the type of clusters until the new ones have endpoints
    for kind in (Kind.LISTENER, Kind.SCOPE):
        again.ask(kind)
    again.ask(Kind.ROUTES, "portal", "site-1")
    assert sent(again, Kind.ENDPOINTS) == ["+r-1", "+r-2"]
    assert "+site-1" not in sent(again, Kind.ROUTES)
    again.ask(Kind.CLUSTER)
    assert "+site-1" in sent(again, Kind.ROUTES)
    assert again.stream.has_acknowledged(1)


def test_a_reconnecting_envoy_keeps_its_clusters_until_it_says_which_routes_it_has(
    cache: TableCache, envoy: ImaginedEnvoy
) -> None:
    cache.put(table(2, "r-2", "r-1"))
    again = ImaginedEnvoy(cache, envoy.resources)
    again.ask(Kind.CLUSTER)
    again.ask(Kind.ENDPOINTS, "r-1", "r-2")
    again.ask(Kind.LISTENER)
    again.ask(Kind.SCOPE)
    assert again.log == []
    assert not again.stream.has_acknowledged(1)
    again.ask(Kind.ROUTES, "portal", "site-1")
    assert again.log == [(Kind.ROUTES, "+", "site-1")]
    assert again.stream.has_acknowledged(1)


def test_a_cluster_of_no_table_leaves_when_every_route_is_right(cache: TableCache, envoy: ImaginedEnvoy) -> None:
    cache.put(table(2, "r-2", "r-2", clusters=(cluster("r-2", 8002),)))
    again = ImaginedEnvoy(cache, envoy.resources)
    again.connect("site-1")
    assert again.log == []
    again.ask(Kind.ENDPOINTS, "r-1", "r-2")
    assert again.log == [(Kind.ROUTES, "+", "site-1"), (Kind.CLUSTER, "-", "r-1")]


def test_a_refusal_is_told_and_not_tried_again_until_the_table_changes(cache: TableCache, envoy: ImaginedEnvoy) -> None:
    envoy.refuses = {Kind.ROUTES}
    envoy.apply(cache.put(table(2, "r-2", "r-1")))
    envoy.apply(cache.put(table(3, "r-2", "r-1")))
    assert sent(envoy, Kind.ROUTES).count("+site-1") == 2
    assert not envoy.stream.has_acknowledged(1)
    assert envoy.stream.refusal(1) == "refused by the test"
    envoy.refuses.clear()
    envoy.apply(cache.put(table(4)))
    assert envoy.stream.has_acknowledged(1)
    assert envoy.stream.refusal(1) is None


def test_a_refused_cluster_holds_the_routes_back(cache: TableCache, envoy: ImaginedEnvoy) -> None:
    envoy.refuses = {Kind.CLUSTER}
    before = envoy.resources[Kind.ROUTES]["site-1"]
    envoy.apply(cache.put(table(2, "r-3", clusters=(*table(2).clusters, cluster("r-3")))))
    assert envoy.resources[Kind.ROUTES]["site-1"] == before
    assert envoy.stream.refusal(1) == "refused by the test"


def test_a_refused_listener_is_offered_again(cache: TableCache) -> None:
    envoy = ImaginedEnvoy(cache)
    envoy.refuses = {Kind.LISTENER}
    envoy.connect()
    assert envoy.stream.listener_state() == "refused by the test"
    envoy.refuses.clear()
    envoy.take(envoy.stream.offer_listener_again())
    assert envoy.stream.listener_state() == "listening"
    assert sent(envoy, Kind.SCOPE).count("+site1.localhost") == 2
    assert envoy.stream.offer_listener_again() == []


def test_a_type_that_is_not_offered_is_ignored(envoy: ImaginedEnvoy) -> None:
    assert envoy.stream.receive(Request(type_url="type.googleapis.com/of.another.Kind")) == []


def test_a_swap_costs_the_same_however_many_sites_there_are(cache: TableCache, envoy: ImaginedEnvoy) -> None:
    for site_id in range(2, 500):
        envoy.apply(cache.put(table(1, site_id=site_id, clusters=())))
    envoy.log.clear()
    envoy.apply(cache.put(table(2, "r-2", "r-1")))
    assert envoy.log == [(Kind.ROUTES, "+", "site-1")]
