"""Routes of a slot that asks its visitors: who may in is decided by the guard, and enforced here.

Each request comes to a route that leads to no instance, and the guard is asked there (Envoy's ext_authz). Whom it lets
in gets a header, which no visitor can send, and only routes that want it lead to the instances. So a guard that is
away, too busy, or not met for whatever reason lets nobody in.
"""

from datetime import timedelta
from typing import Any

from envoy.config.cluster.v3 import cluster_pb2
from envoy.extensions.filters.http.ext_authz.v3 import ext_authz_pb2
from envoy.extensions.upstreams.http.v3 import http_protocol_options_pb2
from google.protobuf import json_format

from sites.router.bootstrap import XDS_CLUSTER
from sites.router.guard.pages import VISIT_PATH
from sites.router.table import PORTAL_CLUSTER, HostRoute
from sites.router.xds.edge_headers import ADMITTED_HEADER
from sites.router.xds.resource import Kind, Resource, pack, resource

FILTER = "greenroom.guard"
ANSWER_SECONDS = 5
"""The guard decides from its memory; a slot whose checks take longer is closed for that request."""
ASKED_AT_ONCE = 4
"""Requests of one slot that the guard is asked about at once, for each thread of a router. It decides in the order in
which it is asked, so a crowd at one slot never has the others' requests stand behind more than these."""
MAX_WAITING = 256
"""Requests of one slot that wait to be asked about, for each router. More of them are not let in."""
CHECKED_HEADERS = ("cookie", "accept", "x-forwarded-proto", "upgrade", "sec-fetch-mode")
ADDRESS = "visitor-address"
"""Of gRPC's metadata: the visitor's true address, also behind trusted proxies."""

_HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_TYPE = "type.googleapis.com/"


def guard_cluster_name(slot_id: int) -> str:
    """Each slot has one of its own, for the bound on requests is the cluster's."""
    return f"guard-{slot_id}"


def guard_cluster(slot_id: int, socket_path: str) -> Resource:
    """The guard on its unix socket."""
    name = guard_cluster_name(slot_id)
    endpoint = {"endpoint": {"address": {"pipe": {"path": socket_path}}}}
    options = http_protocol_options_pb2.HttpProtocolOptions(
        explicit_http_config={"http2_protocol_options": {"max_concurrent_streams": {"value": ASKED_AT_ONCE}}}
    )
    # With one connection for each thread, whoever finds no stream free waits
    bounds = {
        "max_connections": {"value": 1},
        "max_requests": {"value": MAX_WAITING},
        "max_pending_requests": {"value": MAX_WAITING},
    }
    message = cluster_pb2.Cluster(
        name=name,
        type=cluster_pb2.Cluster.STATIC,
        load_assignment={"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
        connect_timeout=timedelta(seconds=1),
        circuit_breakers={"thresholds": [bounds]},
        typed_extension_protocol_options={_HTTP_OPTIONS: pack(options)},
    )
    return resource(Kind.CLUSTER, name, message)


def guarded(route: HostRoute, inside: list[dict[str, Any]], outside: dict[str, Any]) -> list[dict[str, Any]]:
    """`inside` for requests that were let in; `outside` answers the others unless the guard does."""
    admitted = {"name": ADMITTED_HEADER, "string_match": {"exact": str(route.slot_id)}}
    opened = [
        one | {"match": one["match"] | {"headers": [*one["match"].get("headers", []), admitted]}} for one in inside
    ]
    visit = {"match": {"prefix": VISIT_PATH}, "route": {"cluster": PORTAL_CLUSTER, "timeout": timedelta(0)}}
    check = ext_authz_pb2.ExtAuthzPerRoute(
        check_settings={
            "context_extensions": {"slot": str(route.slot_id), "rule": route.rule},
            "disable_request_body_buffering": True,
            "grpc_service": json_format.ParseDict(_service(guard_cluster_name(route.slot_id)), _empty_service()),
        }
    )
    return [*opened, visit, outside | {"typed_per_filter_config": {FILTER: pack(check)}}]


def unguarded() -> dict[str, Any]:
    """For a whole configuration: nobody is asked at routes that do not say so."""
    return {FILTER: pack(ext_authz_pb2.ExtAuthzPerRoute(disabled=True))}


def check_filter() -> dict[str, Any]:
    """Asks where a route says so. It lets everything on: only the header opens the routes."""
    return {
        "name": FILTER,
        "typedConfig": {
            "@type": _TYPE + ext_authz_pb2.ExtAuthz.DESCRIPTOR.full_name,
            "grpcService": _service(XDS_CLUSTER),  # must be one that is always there; each route names its own
            "transportApiVersion": "V3",
            "failureModeAllow": True,
            "clearRouteCache": True,
            "allowedHeaders": {"patterns": [{"exact": name} for name in CHECKED_HEADERS]},
        },
    }


def _empty_service() -> Any:
    return type(ext_authz_pb2.CheckSettings().grpc_service)()


def _service(cluster: str) -> dict[str, Any]:
    return {
        "envoyGrpc": {"clusterName": cluster},
        "timeout": f"{ANSWER_SECONDS}s",
        "initialMetadata": [{"key": ADDRESS, "value": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"}],
    }
