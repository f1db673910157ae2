"""From committed rows to route tables; pure functions of what the database holds (invariant I6)."""

from collections import defaultdict
from dataclasses import replace

from django.db.models import F, QuerySet
from django.db.models.functions import Now

from sites.general_settings import WEB_SERVER_LOGGING
from sites.models import (
    Category,
    HostName,
    HostNameKind,
    Instance,
    Revision,
    RouterNode,
    Site,
    SlotSetting,
    cluster_of,
)
from sites.models.slot import name_for_applications
from sites.router.table import PORTAL_CLUSTER, Cluster, Endpoint, HostRoute, Page, RouteTable, Sighting
from sites.runtime.registry import get_runtime
from sites.runtime.spec import InstanceState


def table_of(site_id: int) -> RouteTable | None:
    """The route table of one site; None when there is no such site."""
    return next(iter(_tables(Site.objects.filter(pk=site_id))), None)


def all_tables() -> list[RouteTable]:
    """The route tables of all sites, with the same number of queries however many there are."""
    return _tables(Site.objects.all())


def versions() -> dict[int, int]:
    """Site id → routes_version."""
    return dict(Site.objects.values_list("pk", "routes_version"))


def registered_nodes() -> set[str]:
    """Routers that must acknowledge a change; one that is away has not acknowledged."""
    return set(RouterNode.objects.filter(retired_at=None).order_by().values_list("node_id", flat=True))


def sightings() -> list[Sighting]:
    """All instances as the runtime reports them. Raises RuntimeUnreachable."""
    return [
        Sighting(
            cluster_of(status.revision_id),
            Endpoint(status.address, status.port) if status.address else None,
            status.state == InstanceState.RUNNING,
            status.ordinal,
        )
        for status in get_runtime().observe()
    ]


class DatabaseTables:
    """The source of the router's control plane: rows for the routes, the runtime for what may be reached by them."""

    def all_tables(self) -> list[RouteTable]:
        """See `all_tables`."""
        return all_tables()

    def table(self, site_id: int) -> RouteTable | None:
        """See `table_of`."""
        return table_of(site_id)

    def versions(self) -> dict[int, int]:
        """See `versions`."""
        return versions()

    def seen(self, node_id: str) -> None:
        """Register a router that has connected, or say that it is still there."""
        RouterNode.objects.update_or_create(node_id=node_id, defaults={"last_seen_at": Now()})

    def registered(self) -> list[str]:
        """See `registered_nodes`."""
        return sorted(registered_nodes())

    def sightings(self) -> list[Sighting]:
        """See `sightings`."""
        return sightings()


def _tables(sites: QuerySet[Site]) -> list[RouteTable]:
    # Single columns instead of models: this runs at every publication, and models cost most of its time
    # The version is read first: rows that are newer than it only make the table newer than it says
    found = list(sites.values_list("pk", "name", "routes_version"))
    hosts: dict[int, list[HostRoute]] = defaultdict(list)
    logged = _logged_slots(sites)
    named = HostName.objects.filter(slot__site__in=sites).order_by("name")
    for site_id, name, kind, slot, is_production, is_running, live, allows_web_sockets, slot_id in named.values_list(
        "slot__site_id",
        "name",
        "kind",
        "slot__name",
        "slot__is_production",
        "slot__is_running",
        "slot__live_revision_id",
        "slot__live_revision__allows_web_sockets",
        "slot_id",
    ):
        told = name_for_applications(slot, is_production=is_production)
        if kind == HostNameKind.PUBLISHING:
            route = HostRoute(name, told, PORTAL_CLUSTER)
        elif live:
            route = HostRoute(name, told, cluster_of(live), None, is_production, bool(allows_web_sockets), slot_id)
        else:
            page = Page.STARTING if is_running else Page.STOPPED
            route = HostRoute(name, told, None, page, is_indexed=is_production, slot_id=slot_id)
        hosts[site_id].append(replace(route, is_logged=route.slot_id in logged))
    endpoints: dict[int, dict[int, list[Endpoint]]] = defaultdict(lambda: defaultdict(list))
    for site_id, revision_id, address, port in (
        Instance.objects.filter(
            revision__site__in=sites,
            revision__state__in=Revision.OFFERED,
            ordinal__lt=F("revision__routed_count"),
            is_warm=True,
        )
        .exclude(address="")
        .order_by("revision_id", "ordinal")
        .values_list("revision__site_id", "revision_id", "address", "port")
    ):
        endpoints[site_id][revision_id].append(Endpoint(address, port))
    return [
        RouteTable(
            pk,
            name,
            version,
            tuple(hosts[pk]),
            tuple(Cluster(cluster_of(revision_id), tuple(warm)) for revision_id, warm in endpoints[pk].items()),
        )
        for pk, name, version in found
    ]


def _logged_slots(sites: QuerySet[Site]) -> set[int]:
    """The slots whose content has the web server log switched on."""
    rows = SlotSetting.objects.filter(site__in=sites, category=Category.MONITORING, name=WEB_SERVER_LOGGING)
    owned = rows.annotate(of_workload=F("workload__slot__pk"))
    return {row.slot_id or row.of_workload for row in owned if row.value == "on"}
