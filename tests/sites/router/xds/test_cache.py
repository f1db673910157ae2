"""What a new table changes."""

from dataclasses import replace

from sites.router.table import Cluster, HostRoute
from sites.router.xds.cache import Change
from sites.router.xds.clusters import endpoints_resource
from tests.sites.router.tables import cluster, sightings, table
from tests.sites.router.xds.envoy import make_cache


def test_an_older_table_is_ignored() -> None:
    cache = make_cache()
    assert cache.put(table(2)) is not None
    assert cache.put(table(1, "r-2", "r-1")) is None
    assert cache.version(1) == 2


def test_only_host_names_that_come_or_go_change_scopes() -> None:
    cache = make_cache()
    first = cache.put(table(1))
    assert first == Change(1, frozenset({"site1.localhost", "site1-staging.localhost"}))
    assert cache.put(table(2, "r-2", "r-1")) == Change(1, frozenset())
    assert cache.put(replace(table(3), hosts=table(3).hosts[:1])) == Change(1, frozenset({"site1-staging.localhost"}))
    assert "site1-staging.localhost" not in cache.scopes


def test_a_host_name_that_moved_to_another_site_stays_there() -> None:
    cache = make_cache()
    cache.put(table(1))
    cache.put(table(1, site_id=2, hosts=table(1).hosts, clusters=()))
    cache.put(table(2, hosts=()))
    assert cache.site_of_scope("site1.localhost") == 2
    assert cache.scopes["site1.localhost"].name == "site1.localhost"


def test_a_site_cannot_take_the_portals_name() -> None:
    cache = make_cache()
    before = cache.scopes["localhost"]
    change = cache.put(table(1, hosts=(HostRoute("localhost", "production", "r-1"),)))
    assert change == Change(1, frozenset())
    assert cache.scopes["localhost"] is before


def test_equal_content_has_equal_versions_in_every_process() -> None:
    one, two = make_cache(), make_cache()
    one.put(table(1))
    two.put(table(7))
    assert one.resources(1) == two.resources(1)


def test_only_confirmed_endpoints_are_made_into_resources() -> None:
    cache = make_cache()
    cache.put(table(1))
    empty = cache.resources(1)
    assert empty is not None
    assert [one.version for one in empty.endpoints] == [
        endpoints_resource(Cluster(n, ())).version for n in ("r-1", "r-2")
    ]
    assert not cache.is_confirmed(table(1))
    assert cache.see(sightings([cluster("r-1", 8001)])) == [Change(1, frozenset())]
    half = cache.resources(1)
    assert half is not None
    assert half.endpoints[0] == endpoints_resource(cluster("r-1", 8001))
    assert (half.endpoints[1], half.routes) == (empty.endpoints[1], empty.routes)
    assert cache.see(sightings(table(1).clusters)) == [Change(1, frozenset())]
    assert cache.is_confirmed(table(1))
    assert cache.see(sightings(table(1).clusters)) == []


def test_what_runs_and_belongs_to_no_site_changes_nothing() -> None:
    cache = make_cache()
    assert cache.see(sightings([cluster("r-9", 8001)])) == []


def test_a_removed_site_leaves_nothing_behind() -> None:
    cache = make_cache()
    cache.put(table(1, clusters=(cluster("r-1"),)))
    assert cache.remove(1) is not None
    assert cache.remove(1) is None
    assert cache.resources(1) is None
    assert cache.site_of_cluster("r-1") is None
    assert cache.scopes.keys() == {"localhost", "127.0.0.1"}


def test_a_cluster_without_instances_stays_while_a_host_name_leads_to_it() -> None:
    cache = make_cache()
    cache.put(table(1, clusters=()))
    found = cache.resources(1)
    assert found is not None
    assert [cluster.name for cluster in found.clusters] == ["r-1", "r-2"]
    assert cache.site_of_cluster("r-1") == 1
