"""OpenTelemetry of the requests: a span for each that is sampled, and a record for each line of a web server log."""

import ssl
from typing import Any

from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.trace.v3 import opentelemetry_pb2
from envoy.extensions.access_loggers.open_telemetry.v3 import logs_service_pb2
from envoy.extensions.transport_sockets.tls.v3 import tls_pb2
from envoy.extensions.upstreams.http.v3 import http_protocol_options_pb2
from google.protobuf import duration_pb2

from sites.router.xds.resource import Kind, Resource, pack, resource
from sites.telemetry.collector import Collector

COLLECTOR_CLUSTER = "collector"
SERVICE = "greenroom"
MAX_WAITING_SPANS = 1024
"""In each thread of a router, while the collector takes none; what is beyond is dropped, so no request waits."""
LOG_NAME = "web-server-log"
_TYPE = "type.googleapis.com/"
_CERTIFICATES = ssl.get_default_verify_paths().cafile or "/etc/ssl/certs/ca-certificates.crt"
_HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_SECONDS = 5
PATH_TAG = "url.path"
_TAGS = {
    "greenroom.site": "%REQ(X-WEBSITE-SITE-NAME)%",
    "greenroom.slot": "%REQ(X-WEBSITE-SLOT-NAME)%",
    "http.request.method": "%REQ(:METHOD)%",
    PATH_TAG: "%PATH(NQ:PATH:1000)%",
    "http.response.status_code": "%RESPONSE_CODE%",
}


def collector_cluster(collector: Collector) -> Resource:
    """The collector as a cluster: HTTP/2, and TLS with the system's certificates where its address says https."""
    endpoint = {"endpoint": {"address": {"socket_address": {"address": collector.host, "port_value": collector.port}}}}
    options = http_protocol_options_pb2.HttpProtocolOptions(explicit_http_config={"http2_protocol_options": {}})
    message = cluster_pb2.Cluster(
        name=COLLECTOR_CLUSTER,
        type=cluster_pb2.Cluster.STRICT_DNS,
        load_assignment={"cluster_name": COLLECTOR_CLUSTER, "endpoints": [{"lb_endpoints": [endpoint]}]},
        connect_timeout=duration_pb2.Duration(seconds=_SECONDS),
        typed_extension_protocol_options={_HTTP_OPTIONS: pack(options)},
    )
    if collector.is_tls:
        context = tls_pb2.UpstreamTlsContext(
            sni=collector.host,
            common_tls_context={
                "validation_context": {
                    "trusted_ca": {"filename": _CERTIFICATES},
                    "match_typed_subject_alt_names": [
                        {"san_type": kind, "matcher": {"exact": collector.host}} for kind in ("DNS", "IP_ADDRESS")
                    ],
                }
            },
        )
        message.transport_socket.name = "envoy.transport_sockets.tls"
        message.transport_socket.typed_config.CopyFrom(pack(context))
    return resource(Kind.CLUSTER, COLLECTOR_CLUSTER, message)


def tracing(collector: Collector) -> dict[str, Any]:
    """For the connection manager. The query of a request is left out, since secrets stand in queries."""
    percent = {"value": collector.sampled * 100}
    return {
        "clientSampling": {"value": 0},
        "randomSampling": percent,
        "overallSampling": percent,
        "maxPathTagLength": 0,
        "spawnUpstreamSpan": False,
        "operation": "%REQ(:METHOD)% %REQ(X-WEBSITE-SITE-NAME)%",
        "customTags": [{"tag": name, "value": value} for name, value in _TAGS.items()],
        "provider": {
            "name": "envoy.tracers.opentelemetry",
            "typedConfig": {
                "@type": _TYPE + opentelemetry_pb2.OpenTelemetryConfig.DESCRIPTOR.full_name,
                "grpcService": _service(collector),
                "serviceName": SERVICE,
                "maxCacheSize": MAX_WAITING_SPANS,
            },
        },
    }


def access_log(collector: Collector) -> dict[str, Any]:
    """The configuration of an access logger: the words of the web server log as attributes."""
    return {
        "@type": _TYPE + logs_service_pb2.OpenTelemetryAccessLogConfig.DESCRIPTOR.full_name,
        "commonConfig": {
            "logName": LOG_NAME,
            "grpcService": _service(collector),
            "transportApiVersion": "V3",
            "bufferSizeBytes": 64 * 1024,
            "bufferFlushInterval": "1s",
        },
        "disableBuiltinLabels": True,
        "resourceAttributes": {"values": [_attribute("service.name", SERVICE)]},
        "body": {"stringValue": "%REQ(:METHOD)% %PATH(NQ:PATH:1000)% %RESPONSE_CODE%"},
        "attributes": {
            "values": [
                _attribute(name, value)
                for name, value in {
                    **_TAGS,
                    "greenroom.revision": "%UPSTREAM_CLUSTER%",
                    "greenroom.request_id": "%REQ(X-REQUEST-ID)%",
                    "greenroom.milliseconds": "%DURATION%",
                    "greenroom.flags": "%RESPONSE_FLAGS_LONG%",
                }.items()
            ]
        },
    }


def _attribute(name: str, value: str) -> dict[str, Any]:
    return {"key": name, "value": {"stringValue": value}}


def _service(collector: Collector) -> dict[str, Any]:
    return {
        "envoyGrpc": {"clusterName": COLLECTOR_CLUSTER, "authority": collector.target},
        "timeout": f"{_SECONDS}s",
        "initialMetadata": [{"key": name, "value": value} for name, value in collector.headers],
    }
