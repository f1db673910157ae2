"""What a listener does with each request: Envoy's HTTP connection manager, the same for every version of HTTP."""

import re
from collections.abc import Sequence
from typing import Any

from envoy.extensions.access_loggers.filters.cel.v3 import cel_pb2
from envoy.extensions.access_loggers.grpc.v3 import als_pb2
from envoy.extensions.filters.http.adaptive_concurrency.v3 import adaptive_concurrency_pb2
from envoy.extensions.filters.http.header_mutation.v3 import header_mutation_pb2
from envoy.extensions.filters.http.lua.v3 import lua_pb2
from envoy.extensions.filters.http.on_demand.v3 import on_demand_pb2
from envoy.extensions.filters.http.router.v3 import router_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2
from envoy.extensions.http.early_header_mutation.header_mutation.v3 import (
    header_mutation_pb2 as early_header_mutation_pb2,
)
from google.protobuf import json_format
from google.protobuf.message import Message

from sites.router.bootstrap import XDS_CLUSTER
from sites.router.xds import hold_filter
from sites.router.xds.edge_headers import (
    REQUEST_HEADERS,
    RESPONSE_HEADERS,
    SCOPE_HEADER,
    TLS_VERSION_HEADER,
    pattern_behind_proxies,
    pattern_of,
)
from sites.router.xds.guarded import check_filter
from sites.router.xds.host_filter import HOST_FILTER, host_filter
from sites.router.xds.pages import (
    BUSY,
    CONTENT_TYPE,
    NO_ANSWER,
    PORTAL_SILENT,
    RETRY_AFTER_SECONDS,
    SILENT,
    STARTING,
    TOO_SLOW,
    UNKNOWN_HOST,
)
from sites.router.xds.request_log import LOG_NAME
from sites.router.xds.routes import LOGGED
from sites.router.xds.tracing import access_log, tracing
from sites.telemetry.collector import Collector

LISTENER = "edge"
"""Of the listener for TCP; Envoy's figures of every version of HTTP stand below this name."""
ANY_BUT_HTTP_3, HTTP_3 = "AUTO", "HTTP3"
_TYPE = "type.googleapis.com/"

# Packed as Any below, by name: the classes must be known to the pool
_PACKED = (
    cel_pb2.ExpressionFilter,
    als_pb2.HttpGrpcAccessLogConfig,
    adaptive_concurrency_pb2.AdaptiveConcurrency,
    lua_pb2.Lua,
    on_demand_pb2.OnDemand,
    router_pb2.Router,
    header_mutation_pb2.HeaderMutation,
    early_header_mutation_pb2.HeaderMutation,
)

_ADS = {"ads": {}, "resourceApiVersion": "V3", "initialFetchTimeout": "0s"}

IDLE_SECONDS = 180
"""A connection without a request is kept so long: longer than the proxies in common use keep theirs (60 to 120 s), so
that they close first and no request meets a closing connection."""
_FULL = 510
"""Status by which the filter of requests at once says that it is full; no visitor sees it."""


_STREAMS = {
    "maxConcurrentStreams": 100,
    "initialStreamWindowSize": 256 * 1024,
    "initialConnectionWindowSize": 1024 * 1024,
}
"""Of one connection, by HTTP/2 and by HTTP/3."""


def _filter(name: str, config: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "typedConfig": config}


def manager(
    requests: int,
    silence_seconds: int,
    portal_hosts: Sequence[str],
    collector: Collector | None,
    *,
    is_behind_proxy: bool = False,
    codec: str = ANY_BUT_HTTP_3,
) -> dict[str, Any]:
    """The network filter: at most so many `requests` at once, and none that is silent for longer.

    The portal itself answers at `portal_hosts`. `collector` takes the traces, and the web server logs too.
    `is_behind_proxy`: its peers are trusted to say who the visitor is.
    """
    kind = _TYPE + http_connection_manager_pb2.HttpConnectionManager.DESCRIPTOR.full_name
    config = {
        "@type": kind,
        "statPrefix": LISTENER,
        "codecType": codec,
        "scopedRoutes": _scoped_routes(),
        "httpFilters": _http_filters(requests),
        "upgradeConfigs": [{"upgradeType": "websocket"}],
        "localReplyConfig": _local_replies(portal_hosts),
        "accessLog": _request_logs(collector),
        # The peer is the client, or else a trusted proxy that says who is; a private network is trusted by nobody
        "useRemoteAddress": True,
        "xffNumTrustedHops": int(is_behind_proxy),
        "internalAddressConfig": {"cidrRanges": [{"addressPrefix": "255.255.255.255", "prefixLen": 32}]},
        # For a client on this machine it would append the machine's address; the routes add the true one
        "skipXffAppend": True,
        "earlyHeaderMutationExtensions": [
            _filter("forged-headers", _without_forged_headers(is_behind_proxy=is_behind_proxy)),
            _filter("found-out", _with_what_routes_need()),
        ],
        "serverHeaderTransformation": "PASS_THROUGH",
        "stripTrailingHostDot": True,
        "normalizePath": True,
        # Routes depend on the host alone, and applications give a meaning of their own to %2F
        "pathWithEscapedSlashesAction": "KEEP_UNCHANGED",
        "httpProtocolOptions": {"acceptHttp10": True},
        "http2ProtocolOptions": _STREAMS,
        **({"http3ProtocolOptions": {"quicProtocolOptions": _STREAMS}} if codec == HTTP_3 else {}),
        # WSGI reads a header with '_' as the same one with '-', which would bring forged ones back
        "commonHttpProtocolOptions": {
            "idleTimeout": f"{IDLE_SECONDS}s",
            "headersWithUnderscoresAction": "DROP_HEADER",
        },
        "requestHeadersTimeout": "30s",
        "streamIdleTimeout": f"{silence_seconds}s",
        # Who answers decides whether a body shall be sent at all (RFC 9110, 10.1.1)
        "proxy100Continue": True,
        **({"tracing": tracing(collector)} if collector else {}),
    }
    return _filter("envoy.filters.network.http_connection_manager", config)


def _request_logs(collector: Collector | None) -> list[dict[str, Any]]:
    """To the xDS server and a collector, of routes that say so. None waits: what cannot be sent is dropped."""
    condition = {"@type": _type(cel_pb2.ExpressionFilter), "expression": f"xds.route_name.endsWith('{LOGGED}')"}
    sending = {
        "@type": _type(als_pb2.HttpGrpcAccessLogConfig),
        "commonConfig": {
            "logName": LOG_NAME,
            "grpcService": {"envoyGrpc": {"clusterName": XDS_CLUSTER}},
            "transportApiVersion": "V3",
            "bufferSizeBytes": 64 * 1024,
            "bufferFlushInterval": "1s",
        },
    }
    loggers = [_filter("envoy.access_loggers.http_grpc", sending)]
    if collector:
        loggers.append(_filter("envoy.access_loggers.open_telemetry", access_log(collector)))
    logged = {"extensionFilter": _filter("envoy.access_loggers.extension_filters.cel", condition)}
    return [{**logger, "filter": logged} for logger in loggers]


def _type(message: type[Message]) -> str:
    return _TYPE + message.DESCRIPTOR.full_name


def _scoped_routes() -> dict[str, Any]:
    # Up to the first ':' the authority is the host name; the application sees it with its port
    host = {"name": SCOPE_HEADER, "elementSeparator": ":", "index": 0}
    return {
        "name": "hosts",
        "scopeKeyBuilder": {"fragments": [{"headerValueExtractor": host}]},
        "rdsConfigSource": _ADS,
        "scopedRds": {"scopedRdsConfigSource": _ADS},
    }


def _http_filters(max_requests: int) -> list[dict[str, Any]]:
    concurrency, lua, on_demand, router, mutation = (_type(packed) for packed in _PACKED[2:7])
    return [
        # The first is the last that an answer passes
        _filter(
            "envoy.filters.http.header_mutation",
            {"@type": mutation, "mutations": {"responseMutations": [_removal(pattern_of(RESPONSE_HEADERS))]}},
        ),
        _filter("envoy.filters.http.adaptive_concurrency", {"@type": concurrency, **_at_once(max_requests)}),
        {"name": HOST_FILTER, "configDiscovery": _discovered(lua, host_filter())},
        _filter("envoy.filters.http.on_demand", {"@type": on_demand}),
        check_filter(),  # before a request is held: no stranger wakes a slot
        *(_filter(name, json_format.MessageToDict(config)) for name, config in hold_filter.filters()),
        _filter("envoy.filters.http.router", {"@type": router, "suppressEnvoyHeaders": True}),
    ]


def _discovered(kind: str, default: Message) -> dict[str, Any]:
    """A filter that the xDS server may change; `default` works until it has."""
    config = json_format.MessageToDict(default)
    return {
        "configSource": _ADS,
        "typeUrls": [kind],
        "defaultConfig": {"@type": kind, **config},
        "applyDefaultConfigWithoutWarming": True,
    }


def _at_once(most: int) -> dict[str, Any]:
    """A fixed number of requests under way: the filter's least and its highest limit are the same."""
    return {
        "gradientControllerConfig": {
            "concurrencyLimitParams": {"maxConcurrencyLimit": most, "concurrencyUpdateInterval": "60s"},
            "minRttCalcParams": {"fixedValue": "1s", "minConcurrency": most},
        },
        "concurrencyLimitExceededStatus": {"code": _FULL},
    }


def _without_forged_headers(*, is_behind_proxy: bool) -> dict[str, Any]:
    kind = _TYPE + early_header_mutation_pb2.HeaderMutation.DESCRIPTOR.full_name
    forged = pattern_behind_proxies() if is_behind_proxy else pattern_of(REQUEST_HEADERS)
    return {"@type": kind, "mutations": [_removal(forged)]}


def _with_what_routes_need() -> dict[str, Any]:
    """By which host name the routes are found, and the version of TLS; the routes take both headers away again."""
    kind = _TYPE + early_header_mutation_pb2.HeaderMutation.DESCRIPTOR.full_name
    values = {SCOPE_HEADER: "%REQ(:AUTHORITY)%", TLS_VERSION_HEADER: "%DOWNSTREAM_TLS_VERSION%"}
    mutations = [
        {"append": {"header": {"key": name, "value": value}, "appendAction": "OVERWRITE_IF_EXISTS_OR_ADD"}}
        for name, value in values.items()
    ]
    return {"@type": kind, "mutations": mutations}


def _removal(pattern: str) -> dict[str, Any]:
    return {"removeOnMatch": {"keyMatcher": {"safeRegex": {"regex": pattern}}}}


def _local_replies(portal_hosts: Sequence[str] = ()) -> dict[str, Any]:
    silent = _flags("NC", "UF", "UC", "UR", "URX")
    return {
        "mappers": [
            *([_page_for(_at(portal_hosts, silent), PORTAL_SILENT, 503, retry=True)] if portal_hosts else []),
            _page_for(_flags("NR"), UNKNOWN_HOST, 404),
            _page_for(_status(hold_filter.NOT_NOW), STARTING, 503, retry=True),
            # A cluster without endpoints: nobody has seen its instances run since they were started
            _page_for(_flags("UH"), STARTING, 503, retry=True),
            _page_for(silent, NO_ANSWER, 503, retry=True),
            _page_for(_flags("UO", "OM"), BUSY, 503, retry=True),
            _page_for(_status(_FULL), BUSY, 503, retry=True),
            _page_for(_status(504), SILENT, 504),
            _page_for(_status(408), TOO_SLOW, 408),
        ]
    }


def _at(hosts: Sequence[str], condition: dict[str, Any]) -> dict[str, Any]:
    """`condition`, for requests to one of these hosts, whatever port they name."""
    names = "|".join(re.escape(host) for host in hosts)
    authority = {"name": ":authority", "stringMatch": {"safeRegex": {"regex": f"(?i)({names})(:[0-9]+)?"}}}
    return {"andFilter": {"filters": [condition, {"headerFilter": {"header": authority}}]}}


def _flags(*flags: str) -> dict[str, Any]:
    return {"responseFlagFilter": {"flags": list(flags)}}


def _status(status: int) -> dict[str, Any]:
    """Only answers of the router itself are looked at, never those of an instance."""
    key = f"router.answers.{status}"
    return {"statusCodeFilter": {"comparison": {"op": "EQ", "value": {"defaultValue": status, "runtimeKey": key}}}}


def _page_for(condition: dict[str, Any], html: str, status: int, *, retry: bool = False) -> dict[str, Any]:
    headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
    if retry:
        headers["retry-after"] = str(RETRY_AFTER_SECONDS)
    return {
        "filter": condition,
        "statusCode": status,
        "headersToAdd": [{"header": {"key": name, "value": value}} for name, value in headers.items()],
        "bodyFormatOverride": {"textFormatSource": {"inlineString": html}, "contentType": CONTENT_TYPE},
    }
