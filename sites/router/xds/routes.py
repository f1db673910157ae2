"""Route configurations and scopes: one configuration per site, to which a scope per host name points."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from envoy.config.core.v3 import base_pb2
from envoy.config.route.v3 import route_components_pb2, route_pb2, scoped_route_pb2
from envoy.extensions.retry.host.previous_hosts.v3 import previous_hosts_pb2

from sites.router.table import MAX_PAGE_BYTES, PORTAL_CLUSTER, HostRoute, Maintenance, Page, RouteTable
from sites.router.xds import hold_filter
from sites.router.xds.edge_headers import BETWEEN, TLS_VERSION_HEADER
from sites.router.xds.guarded import guarded, unguarded
from sites.router.xds.pages import (
    CLOSED,
    CONTENT_TYPE,
    MAINTENANCE,
    NO_WEB_SOCKETS,
    PAGES,
    RETRY_AFTER_SECONDS,
    TLS_1_3_NEEDED,
)
from sites.router.xds.resource import Kind, Resource, pack, resource
from sites.router.xds.tracing import PATH_TAG

PORTAL_ROUTES = "portal"
HTTPS_PORT = 443
DAY_SECONDS = 24 * 3600
PROOF_PATH = "/.well-known/acme-challenge/"
_PREFIX = "site-"
LOGGED = "+log"
"""At the end of the name of a route whose requests are logged."""
STATS = "s"
"""In front of a slot's number, in the names of Envoy's statistics."""


def routes_name(site_id: int) -> str:
    """The name of a site's route configuration."""
    return f"{_PREFIX}{site_id}"


def site_of_routes(name: str) -> int | None:
    """The site whose route configuration has this name; None for the portal's or a strange one."""
    number = name.removeprefix(_PREFIX)
    return int(number) if number != name and number.isdecimal() else None


def scope_resource(host: str, routes: str, *, is_on_demand: bool = True) -> Resource:
    """Let requests for `host` find the route configuration `routes`, fetched with the first of them."""
    # The key is what the listener reads in front of the first colon: no port, and '[' for every IPv6 address.
    key = "[" if host.startswith("[") else host
    message = scoped_route_pb2.ScopedRouteConfiguration(
        name=host,
        key={"fragments": [{"string_key": key}]},
        route_configuration_name=routes,
        on_demand=is_on_demand,
    )
    return resource(Kind.SCOPE, host, message)


def routes_resource(table: RouteTable, http3: Mapping[str, int] | None = None) -> Resource:
    """All routes of a site. Its version is no part of the content: unchanged routes are never sent again.

    `http3`: host name → the port at which browsers are told that it is found by HTTP/3.
    """
    ports = http3 or {}
    hosts = [_virtual_host(table, route, ports.get(route.host, 0)) for route in table.hosts]
    return _configuration(routes_name(table.site_id), hosts)


def portal_routes(hosts: Iterable[str]) -> Resource:
    """The portal's own host names."""
    host = route_components_pb2.VirtualHost(
        name=PORTAL_ROUTES,
        domains=hosts,
        routes=[one | {"tracing": _UNTRACED} for one in _routes(PORTAL_CLUSTER, allows_web_sockets=False)],
    )
    return _configuration(PORTAL_ROUTES, [host])


def _retry(conditions: str) -> dict[str, Any]:
    # About a second in all: as long as a crashed single instance needs to be back.
    predicate = pack(previous_hosts_pb2.PreviousHostsPredicate())
    return {
        "retry_on": conditions,
        "num_retries": {"value": 6},
        "host_selection_retry_max_attempts": 3,
        "retry_host_predicate": [{"name": "envoy.retry_host_predicates.previous_hosts", "typed_config": predicate}],
        "retry_back_off": {"base_interval": timedelta(seconds=0.05), "max_interval": timedelta(seconds=0.5)},
    }


# What may be done twice is sent again whenever no answer began; anything else only if no instance has seen it.
_RETRY_SAFE = _retry("connect-failure,refused-stream,reset")
_RETRY_UNSAFE = _retry("connect-failure,refused-stream,reset-before-request")
_ANY = {"prefix": "/"}
_UNTRACED: dict[str, Any] = {
    "client_sampling": {"numerator": 0},
    "random_sampling": {"numerator": 0},
    "overall_sampling": {"numerator": 0},
    # Envoy traces what comes with a `traceparent` that is marked, whatever the numbers say
    "custom_tags": [{"tag": PATH_TAG, "value": "-"}],
}
"""For the portal: addresses of its pages hold links that are good for one use."""
_UPGRADE = {
    "prefix": "/",
    "headers": [{"name": "upgrade", "string_match": {"exact": "websocket", "ignore_case": True}}],
}
_SAFE = {
    "prefix": "/",
    "headers": [{"name": ":method", "string_match": {"safe_regex": {"regex": "GET|HEAD|OPTIONS"}}}],
}


def _header(name: str, value: str) -> dict[str, Any]:
    action = base_pb2.HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD
    return {"header": {"key": name, "value": value}, "append_action": action}


_CLIENT = _header("X-Forwarded-For", "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%")


def _configuration(name: str, virtual_hosts: list[route_components_pb2.VirtualHost]) -> Resource:
    message = route_pb2.RouteConfiguration(
        name=name,
        virtual_hosts=virtual_hosts,
        request_headers_to_add=[_CLIENT],
        request_headers_to_remove=["x-envoy-external-address", *BETWEEN],
        ignore_port_in_host_matching=True,
        max_direct_response_body_size_bytes={"value": MAX_PAGE_BYTES},  # Envoy's own bound is 4 KB
        typed_per_filter_config={**hold_filter.off(), **unguarded()},
    )
    return resource(Kind.ROUTES, name, message)


def _named(route: HostRoute, routes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The routes under their slot's number: requests are counted by it, and logged where the name says so."""
    if not route.slot_id:
        return routes
    name = f"{route.slot_id}{LOGGED if route.is_logged else ''}"
    return [one | {"name": name, "stat_prefix": f"{STATS}{route.slot_id}"} for one in routes]


def _routes(cluster: str, *, allows_web_sockets: bool) -> list[dict[str, Any]]:
    # No time limit on an answer; a connection that was upgraded may also be silent for ever.
    to_cluster = {"cluster": cluster, "timeout": timedelta(0)}
    upgrade: dict[str, Any] = {"route": to_cluster | {"retry_policy": _RETRY_UNSAFE, "idle_timeout": timedelta(0)}}
    if not allows_web_sockets:
        # Envoy's own switch per route does not hold for the request that loads the routes
        upgrade = {"direct_response": {"status": 403, "body": {"inline_string": NO_WEB_SOCKETS}}}
    return [
        {"match": _UPGRADE} | upgrade,
        {"match": _SAFE, "route": to_cluster | {"retry_policy": _RETRY_SAFE}},
        {"match": _ANY, "route": to_cluster | {"retry_policy": _RETRY_UNSAFE}},
    ]


def _only_by_tls(route: HostRoute) -> list[dict[str, Any]]:
    """What comes before everything else where a slot wants HTTPS only, or TLS 1.3."""
    routes: list[dict[str, Any]] = []
    if route.https_only_port:
        plain = {"name": "x-forwarded-proto", "string_match": {"exact": "http"}}
        elsewhere = {"https_redirect": True, "response_code": route_components_pb2.RedirectAction.PERMANENT_REDIRECT}
        port = {} if route.https_only_port == HTTPS_PORT else {"port_redirect": route.https_only_port}
        routes.append({"match": _ANY | {"headers": [plain]}, "redirect": elsewhere | port})
    if route.refuses_tls_1_2:
        older = {"name": TLS_VERSION_HEADER, "string_match": {"exact": "TLSv1.2"}}
        page = {"status": 426, "body": {"inline_string": TLS_1_3_NEEDED}}
        headers = [_header("content-type", CONTENT_TYPE), _header("upgrade", "TLS/1.3, HTTP/1.1")]
        routes.append(
            {
                "match": _ANY | {"headers": [older]},
                "direct_response": page,
                "response_headers_to_add": headers,
            }
        )
    return routes


def _with_hsts(route: HostRoute, routes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The routes that are reached by HTTPS alone, with what keeps browsers to it; the application may say otherwise."""
    if not (route.https_only_port and route.hsts_days):
        return routes
    said = _header("strict-transport-security", f"max-age={route.hsts_days * DAY_SECONDS}")
    said["append_action"] = base_pb2.HeaderValueOption.ADD_IF_ABSENT
    return [one | {"response_headers_to_add": [*one.get("response_headers_to_add", ()), said]} for one in routes]


def _http3_at(port: int) -> dict[str, Any]:
    """What has browsers come by HTTP/3 the next time (RFC 7838); the application may say otherwise."""
    said = _header("alt-svc", f'h3=":{port}"; ma={DAY_SECONDS}')
    said["append_action"] = base_pb2.HeaderValueOption.ADD_IF_ABSENT
    return said


def _proof_routes(route: HostRoute) -> list[dict[str, Any]]:
    """What an authority asks for by plain HTTP (RFC 8555, 8.3), whatever the slot wants of its visitors."""
    headers = [_header("content-type", "application/octet-stream"), _header("cache-control", "no-store")]
    return [
        {
            "match": {"path": PROOF_PATH + token},
            "direct_response": {"status": 200, "body": {"inline_string": answer}},
            "response_headers_to_add": headers,
        }
        for token, answer in route.proofs
    ]


def _page_route(page: Page) -> dict[str, Any]:
    status, body = PAGES[page]
    return _answer(status, body, retry_after_seconds=RETRY_AFTER_SECONDS if page is Page.STARTING else None)


def _maintenance_route(maintenance: Maintenance) -> dict[str, Any]:
    return _answer(503, maintenance.html or MAINTENANCE, retry_after_seconds=maintenance.retry_after_seconds)


def _closed_route() -> dict[str, Any]:
    return _answer(503, CLOSED, retry_after_seconds=RETRY_AFTER_SECONDS)


def _answer(status: int, html: str, *, retry_after_seconds: int | None) -> dict[str, Any]:
    """A route that answers everything with one page."""
    headers = [
        _header("content-type", CONTENT_TYPE),
        _header("cache-control", "no-store"),
        _header("x-content-type-options", "nosniff"),
    ]
    if retry_after_seconds is not None:
        headers.append(_header("retry-after", str(retry_after_seconds)))
    return {
        "match": _ANY,
        "direct_response": {"status": status, "body": {"inline_string": html}},
        "response_headers_to_add": headers,
    }


def _virtual_host(table: RouteTable, route: HostRoute, http3_port: int) -> route_components_pb2.VirtualHost:
    routes: list[dict[str, Any]]
    if route.cluster is None:
        routes = [_page_route(route.page or Page.STARTING)]
    else:
        routes = _routes(route.cluster, allows_web_sockets=route.allows_web_sockets)
        if route.is_held:
            held = {"typed_per_filter_config": hold_filter.on(table.site_id, route.slot_id)}
            routes = [one | held if "route" in one else one for one in routes]
    if route.rule:
        closed = _maintenance_route(route.maintenance) if route.maintenance else _closed_route()
        routes = guarded(route, routes, closed)
    elif route.maintenance is not None:
        routes = [_maintenance_route(route.maintenance)]
    routes = [*_only_by_tls(route), *_with_hsts(route, routes)]
    return route_components_pb2.VirtualHost(
        name=route.host,
        domains=[route.host],
        routes=[*_proof_routes(route), *_named(route, routes)],
        request_headers_to_add=[
            _header("X-Website-Site-Name", table.site),
            _header("X-Website-Slot-Name", route.slot),
            _header("X-Website-Hostname", "%REQ(:AUTHORITY)%" if route.host.startswith("*.") else route.host),
        ],
        response_headers_to_add=[
            *([] if route.is_indexed else [_header("X-Robots-Tag", "noindex")]),
            *([_http3_at(http3_port)] if http3_port else []),
        ],
    )
