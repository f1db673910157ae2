"""From committed rows to route tables; pure functions of what the database holds (invariant I6)."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from sites.acme.configured import own_names
from sites.general_settings import WEB_SERVER_LOGGING
from sites.models import (
    AutomaticCertificate,
    Category,
    CertificateOrder,
    HostName,
    HostNameKind,
    Instance,
    Mode,
    Others,
    Rest,
    Revision,
    RouterNode,
    Site,
    SlotSetting,
    cluster_of,
)
from sites.models.maintenance_page import RETRY_AFTER_SECONDS
from sites.models.slot import environment_name_of
from sites.router.roster import KnownRouter
from sites.router.table import (
    OWN,
    PORTAL_CLUSTER,
    Certificate,
    Cluster,
    Endpoint,
    HostRoute,
    Maintenance,
    Page,
    RouteTable,
    Sighting,
)
from sites.runtime.registry import get_runtime
from sites.runtime.spec import InstanceState

_WITHOUT_DOMAINS = [mode for mode in Mode if not mode.limits.domains]
_WITHOUT_CERTIFICATES = [mode for mode in Mode if not mode.limits.certificates]


class Certificates:
    """Those of one site, each with the host names at which it is given. The keys stay encrypted."""

    def __init__(self) -> None:
        self._found: dict[int, Certificate] = {}

    def add(self, number: int, host: str, chain: str, key: str) -> None:
        """One more host name at which the certificate `number` is given."""
        known = self._found.get(number)
        self._found[number] = Certificate((*(known.hosts if known else ()), host), chain, key)

    @property
    def found(self) -> tuple[Certificate, ...]:
        """In the order of their host names."""
        return tuple(self._found.values())


def table_of(site_id: int) -> RouteTable | None:
    """The route table of one site; None when there is no such site."""
    if site_id == OWN:
        return next(iter(_own_table()), None)
    return next(iter(_tables(Site.objects.filter(pk=site_id))), None)


def all_tables() -> list[RouteTable]:
    """The route tables of all sites, with the same number of queries however many there are."""
    return _tables(Site.objects.all()) + _own_table()


def versions() -> dict[int, int]:
    """Site id → routes_version."""
    found = dict(Site.objects.values_list("pk", "routes_version"))
    newest = max((certificate for _, certificate, *_ in _own_certificates()), default=None)
    return found if newest is None else found | {OWN: newest}


def registered_nodes() -> set[str]:
    """Routers that must acknowledge a change; one that is away has not acknowledged."""
    return set(RouterNode.objects.filter(RouterNode.EXPECTED).order_by().values_list("node_id", flat=True))


def known_routers() -> list[KnownRouter]:
    """All routers, also retired ones."""
    return [
        KnownRouter(
            name=node.node_id,
            must_acknowledge=node.retired_at is None and node.last_seen_at is not None,
            is_retired=node.retired_at is not None,
            certificates=tuple(filter(None, (node.certificate, node.former_certificate))),
        )
        for node in RouterNode.objects.all()
    ]


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

    def __init__(self, wake: Callable[[int], None]) -> None:
        """`wake` has the instances of a slot started."""
        self._wake = wake

    def all_tables(self) -> list[RouteTable]:
        """See `all_tables`."""
        return all_tables()

    def table(self, site_id: int) -> RouteTable | None:
        """See `table_of`."""
        return table_of(site_id)

    def versions(self) -> dict[int, int]:
        """See `versions`."""
        return versions()

    def seen(self, node_id: str, certificate: str = "") -> None:
        """Register a router that has connected, or say that it is still there.

        The first use of its newest certificate ends the one before. A router with a certificate was added by a command.
        """
        if not certificate:
            RouterNode.objects.update_or_create(node_id=node_id, defaults={"last_seen_at": Now()})
            return
        known = RouterNode.objects.filter(node_id=node_id)
        known.update(last_seen_at=Now())
        known.filter(certificate=certificate).exclude(former_certificate="").update(former_certificate="")

    def routers(self) -> list[KnownRouter]:
        """See `known_routers`."""
        return known_routers()

    def sightings(self) -> list[Sighting]:
        """See `sightings`."""
        return sightings()

    def wake(self, slot_id: int) -> None:
        """Have the instances of a slot started, for which a request waits."""
        self._wake(slot_id)


def _tables(sites: QuerySet[Site]) -> list[RouteTable]:
    # Single columns instead of models: this runs at every publication, and models cost most of its time
    # The version is read first: rows that are newer than it only make the table newer than it says
    found = list(sites.values_list("pk", "name", "routes_version"))
    hosts: dict[int, list[HostRoute]] = defaultdict(list)
    logged = _logged_slots(sites)
    named = HostName.objects.filter(slot__site__in=sites).exclude(
        kind=HostNameKind.CUSTOM, slot__site__mode__in=_WITHOUT_DOMAINS
    )
    columns = (
        "slot__site_id",
        "name",
        "kind",
        "slot__name",
        "slot__is_production",
        "slot__is_running",
        "slot__live_revision_id",
        "slot__live_revision__allows_web_sockets",
        "slot__live_revision__rest",
        "slot__live_revision__speaks_http2",
        "slot_id",
        "slot__is_https_only",
        "slot__refuses_tls_1_2",
        "slot__hsts_days",
        "certificate_id",
        "certificate__chain",
        "certificate__key",
        "slot__site__mode",
        "slot__is_in_maintenance",
        "slot__maintenance_page__html",
        "slot__maintenance_page__retry_after_seconds",
        "slot__maintenance_page__addresses",
        "slot__visitor_rule__others",
        "slot__entrance_version",
    )
    certificates: dict[int, Certificates] = defaultdict(Certificates)
    proofs = _proofs(sites)
    rows = named.order_by("name").values_list(*columns)
    for site_id, name, kind, slot, is_production, is_running, live, allows_web_sockets, rest, http2, *more in rows:
        slot_id, is_https_only, refuses_tls_1_2, hsts_days, *more = more
        certificate, chain, key, mode, *entrance = more
        shown = environment_name_of(slot, is_production=is_production)
        if kind == HostNameKind.PUBLISHING:
            route = HostRoute(name, shown, PORTAL_CLUSTER)
        elif live:
            route = HostRoute(
                name,
                shown,
                cluster_of(live),
                None,
                is_production,
                bool(allows_web_sockets),
                slot_id=slot_id,
                is_held=rest != Rest.LOADED,
                speaks_http2=bool(http2),
            )
        else:
            page = Page.STARTING if is_running else Page.STOPPED
            route = HostRoute(name, shown, None, page, is_indexed=is_production, slot_id=slot_id)
        if kind != HostNameKind.PUBLISHING and (is_https_only or refuses_tls_1_2):
            port = settings.HTTPS_PORT if is_https_only else 0
            days = hsts_days if port else 0
            route = replace(route, https_only_port=port, refuses_tls_1_2=refuses_tls_1_2, hsts_days=days)
        if kind != HostNameKind.PUBLISHING:
            route = _with_entrance(route, *entrance)
        if certificate is not None and mode not in _WITHOUT_CERTIFICATES:
            certificates[site_id].add(certificate, name, chain, key.token)
        hosts[site_id].append(replace(route, is_logged=route.slot_id in logged, proofs=proofs.get(name, ())))
    endpoints: dict[int, dict[tuple[int, bool], list[Endpoint]]] = defaultdict(lambda: defaultdict(list))
    for site_id, revision_id, http2, address, port in (
        Instance.objects.filter(
            revision__site__in=sites,
            revision__state__in=Revision.OFFERED,
            ordinal__lt=F("revision__routed_count"),
            is_warm=True,
        )
        .exclude(address="")
        .order_by("revision_id", "ordinal")
        .values_list("revision__site_id", "revision_id", "revision__speaks_http2", "address", "port")
    ):
        endpoints[site_id][revision_id, http2].append(Endpoint(address, port))
    return [
        RouteTable(
            pk,
            name,
            version,
            tuple(hosts[pk]),
            tuple(Cluster(cluster_of(one), tuple(warm), http2) for (one, http2), warm in endpoints[pk].items()),
            certificates[pk].found,
        )
        for pk, name, version in found
    ]


def _own_table() -> list[RouteTable]:
    """The table of the installation's own certificates, if it has any."""
    rows = _own_certificates()
    given = tuple(Certificate((name,), chain, key.token) for name, _, chain, key in rows)
    # Each certificate is a new row, and numbers of rows only grow
    version = max((certificate for _, certificate, *_ in rows), default=0)
    return [RouteTable(OWN, "the installation", version, (), (), given)] if rows else []


def _own_certificates() -> list[tuple[str, int, str, Any]]:
    """Host name or wildcard, number of the certificate, chain and encrypted key."""
    if not (names := own_names()):
        return []
    held = AutomaticCertificate.objects.filter(own_name__in=names, certificate__isnull=False)
    columns = ("own_name", "certificate_id", "certificate__chain", "certificate__key")
    return list(held.order_by("own_name").values_list(*columns))


def _proofs(sites: QuerySet[Site]) -> dict[str, tuple[tuple[str, str], ...]]:
    """Host name → what an authority has to find there, of the orders whose proof is to be shown."""
    shown = CertificateOrder.objects.filter(
        state__in=CertificateOrder.SHOWN, automatic__host_name__slot__site__in=sites
    ).exclude(name__startswith="*.")
    return {
        order.name: tuple((proof["token"], proof["value"]) for proof in order.proofs)
        for order in shown.only("name", "placed")
    }


def _with_entrance(
    route: HostRoute,
    is_in_maintenance: bool,
    html: str | None,
    retry_after: int | None,
    let_in: list[str] | None,
    others: str | None,
    version: int,
) -> HostRoute:
    """What visitors meet before the slot's content."""
    if is_in_maintenance:
        route = replace(route, maintenance=Maintenance(html or "", retry_after or RETRY_AFTER_SECONDS))
    is_asked = bool(let_in) if is_in_maintenance else others not in (None, Others.EVERYBODY)
    return replace(route, rule=str(version)) if is_asked else route


def _logged_slots(sites: QuerySet[Site]) -> set[int]:
    """The slots whose content has the web server log switched on."""
    rows = SlotSetting.objects.filter(site__in=sites, category=Category.MONITORING, name=WEB_SERVER_LOGGING)
    owned = rows.annotate(of_workload=F("workload__slot__pk"))
    return {row.slot_id or row.of_workload for row in owned if row.value == "on"}
