"""Configured sites are rows that the router serves, and a swap among many asks the database no more often."""

from collections import Counter

from django.db import connection
from django.test.utils import CaptureQueriesContext

from sites import routing
from sites.jobs import reconcile
from sites.models import Instance, Revision, Site
from sites.router.table import PORTAL_CLUSTER
from sites.services import swaps
from tests.domain import Domain
from tools.bench.many import configure


def queries_of_swap(domain: Domain, name: str) -> int:
    """From the request to the end, with what the router's control plane reads of the site."""
    site = Site.objects.get(name=name)
    production, staging = site.slots.get(is_production=True), site.slots.get(is_production=False)
    with CaptureQueriesContext(connection) as captured:
        operation = swaps.request_swap(acting_user=domain.alice, source=staging, target=production)
        assert domain.work(operation).state == "succeeded"
    return len(captured)


def test_configured_sites_are_routed_to_the_instance_that_there_is(domain: Domain) -> None:
    production, _ = domain.staged()
    place = production.live_revision.instances.get()
    Instance.objects.filter(pk=place.pk).update(address="10.0.0.7", port=8000)
    hosts = configure(domain.subscription, production.live_revision, upto=4)
    assert Site.objects.count() == 4 and len(hosts) == 3
    tables = {table.site: table for table in routing.all_tables()}
    table = tables[hosts[0].partition(".")[0]]
    assert {route.cluster for route in table.hosts} == {table.clusters[0].name, PORTAL_CLUSTER}
    assert [(one.address, one.port) for one in table.clusters[0].endpoints] == [("10.0.0.7", 8000)]
    names = [cluster.name for one in tables.values() for cluster in one.clusters]
    assert len(names) == len(set(names))


def test_configured_sites_order_no_process(domain: Domain) -> None:
    production, _ = domain.staged()
    before = Counter(status.revision_id for status in domain.runtime.observe())
    configure(domain.subscription, production.live_revision, upto=20)
    reconcile.run()
    assert Counter(status.revision_id for status in domain.runtime.observe()) == before
    assert Revision.objects.count() > 20


def test_the_number_of_queries_of_a_swap_is_the_same_among_few_and_among_many(domain: Domain) -> None:
    production, _ = domain.staged()
    queries_of_swap(domain, "contoso")
    among_few = queries_of_swap(domain, "contoso")
    configure(domain.subscription, production.live_revision, upto=300)
    assert queries_of_swap(domain, "contoso") == among_few
