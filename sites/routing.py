"""From committed rows to route tables; pure functions of what the database holds (invariant I6)."""

from collections import defaultdict

from django.db.models import QuerySet
from django.db.models.functions import Now

from sites.models import HostName, HostNameKind, Instance, Revision, RouterNode, Site
from sites.router.table import PORTAL_CLUSTER, Cluster, Endpoint, HostRoute, Page, RouteTable


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
    return set(RouterNode.objects.filter(retired_at=None).values_list("node_id", flat=True))


class DatabaseTables:
    """The source of the router's control plane."""

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


def _tables(sites: QuerySet[Site]) -> list[RouteTable]:
    # The version is read first: rows that are newer than it only make the table newer than it says
    found = list(sites.values_list("pk", "name", "routes_version"))
    hosts = defaultdict(list)
    names = HostName.objects.filter(slot__site__in=sites).select_related("slot__live_revision").order_by("name")
    # What is encrypted says nothing about routes and would cost most of the time
    for host in names.defer("slot__publishing_password", "slot__live_revision__snapshot"):
        hosts[host.slot.site_id].append(_route(host))
    endpoints = defaultdict(list)
    offered = (
        Instance.objects.filter(revision__site__in=sites, revision__state__in=Revision.OFFERED, is_warm=True)
        .select_related("revision")
        .defer("revision__snapshot")
    )
    for instance in offered.order_by("revision_id", "ordinal"):
        if instance.ordinal < instance.revision.routed_count:
            endpoints[instance.revision].append(Endpoint(instance.address, instance.port))
    clusters = defaultdict(list)
    for revision, addresses in endpoints.items():
        clusters[revision.site_id].append(Cluster(revision.cluster, tuple(addresses)))
    return [RouteTable(pk, name, version, tuple(hosts[pk]), tuple(clusters[pk])) for pk, name, version in found]


def _route(host: HostName) -> HostRoute:
    slot = host.slot
    if host.kind == HostNameKind.PUBLISHING:
        return HostRoute(host.name, slot.name, PORTAL_CLUSTER)
    if slot.live_revision is not None:
        return HostRoute(
            host.name,
            slot.name,
            slot.live_revision.cluster,
            is_indexed=slot.is_production,
            allows_web_sockets=slot.live_revision.allows_web_sockets,
        )
    page = Page.STARTING if slot.is_running else Page.STOPPED
    return HostRoute(host.name, slot.name, None, page, is_indexed=slot.is_production)
