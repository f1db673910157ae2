"""Clusters and their endpoints: one cluster per revision, made once, and only its endpoints ever change."""

from datetime import timedelta

from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.endpoint.v3 import endpoint_pb2
from envoy.extensions.upstreams.http.v3 import http_protocol_options_pb2

from sites.router.bounds import bounds
from sites.router.table import PORTAL_CLUSTER, Cluster
from sites.router.xds.resource import Kind, Resource, pack, resource

ADS = {"ads": {}, "resource_api_version": "V3", "initial_fetch_timeout": timedelta(0)}
"""Where Envoy fetches a resource: from this server, and waiting for it as long as it takes."""

_HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def _http_options() -> dict[str, object]:
    # Common servers close an idle connection after 2 s (gunicorn) or 5 s (Node, uvicorn). Envoy must close first:
    # a POST that meets the closing server cannot be sent again.
    options = http_protocol_options_pb2.HttpProtocolOptions(
        common_http_protocol_options={"idle_timeout": timedelta(seconds=1.5)},
        explicit_http_config={"http_protocol_options": {}},
    )
    return {_HTTP_OPTIONS: pack(options)}


def _http2_options() -> dict[str, object]:
    """Of instances that speak HTTP/2: they say when they close, so connections are kept; WebSockets by RFC 8441."""
    options = http_protocol_options_pb2.HttpProtocolOptions(
        common_http_protocol_options={"idle_timeout": timedelta(seconds=60)},
        explicit_http_config={"http2_protocol_options": {"allow_connect": True}},
    )
    return {_HTTP_OPTIONS: pack(options)}


def _limits() -> dict[str, object]:
    """Of one cluster, so that one site in trouble leaves descriptors to the others.

    As many may be tried again: the default of 3 answers 503 to everybody else while an instance is away.
    """
    most = bounds()
    threshold = {
        "max_connections": {"value": most.connections_of_cluster},
        "max_pending_requests": {"value": most.requests_of_cluster},
        "max_requests": {"value": most.requests_of_cluster},
        "max_retries": {"value": most.requests_of_cluster},
    }
    return {"thresholds": [threshold]}


_LIMITS = _limits()
# Only what the network says counts: an application's own 5xx is an answer, not a dead instance.
_OUTLIERS = {
    "split_external_local_origin_errors": True,
    "consecutive_local_origin_failure": {"value": 3},
    "enforcing_consecutive_local_origin_failure": {"value": 100},
    "enforcing_consecutive_5xx": {"value": 0},
    "enforcing_consecutive_gateway_failure": {"value": 0},
    "enforcing_success_rate": {"value": 0},
    "enforcing_local_origin_success_rate": {"value": 0},
    "interval": timedelta(seconds=1),
    "base_ejection_time": timedelta(seconds=1),
    "max_ejection_time": timedelta(seconds=10),
    "max_ejection_percent": {"value": 50},
}
_OPTIONS = _http_options()
_HTTP2_OPTIONS = _http2_options()


def cluster_resource(name: str, *, speaks_http2: bool = False) -> Resource:
    """The cluster of a revision; its endpoints come by EDS."""
    message = cluster_pb2.Cluster(
        name=name,
        type=cluster_pb2.Cluster.EDS,
        eds_cluster_config={"eds_config": ADS},
        connect_timeout=timedelta(seconds=1),
        circuit_breakers=_LIMITS,
        outlier_detection=_OUTLIERS,
        typed_extension_protocol_options=_HTTP2_OPTIONS if speaks_http2 else _OPTIONS,
    )
    return resource(Kind.CLUSTER, name, message)


def endpoints_resource(cluster: Cluster) -> Resource:
    """The instances behind a cluster."""
    endpoints = [
        {"endpoint": {"address": {"socket_address": {"address": endpoint.address, "port_value": endpoint.port}}}}
        for endpoint in cluster.endpoints
    ]
    message = endpoint_pb2.ClusterLoadAssignment(
        cluster_name=cluster.name, endpoints=[{"lb_endpoints": endpoints}] if endpoints else []
    )
    return resource(Kind.ENDPOINTS, cluster.name, message)


def portal_cluster(socket_path: str) -> Resource:
    """Greenroom's own web process, which listens on a unix socket."""
    endpoint = {"endpoint": {"address": {"pipe": {"path": socket_path}}}}
    message = cluster_pb2.Cluster(
        name=PORTAL_CLUSTER,
        type=cluster_pb2.Cluster.STATIC,
        load_assignment={"cluster_name": PORTAL_CLUSTER, "endpoints": [{"lb_endpoints": [endpoint]}]},
        connect_timeout=timedelta(seconds=1),
        circuit_breakers=_LIMITS,
        typed_extension_protocol_options=_OPTIONS,
    )
    return resource(Kind.CLUSTER, PORTAL_CLUSTER, message)
