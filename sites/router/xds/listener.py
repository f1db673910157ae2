"""The one listener: every address, every host name, one port."""

from collections.abc import Sequence
from typing import Any

from envoy.config.listener.v3 import listener_pb2
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
from sites.router.bounds import Bounds
from sites.router.xds.edge_headers import REQUEST_HEADERS, RESPONSE_HEADERS, Family, pattern_of
from sites.router.xds.pages import (
    BUSY,
    CONTENT_TYPE,
    NO_ANSWER,
    RETRY_AFTER_SECONDS,
    SILENT,
    STARTING,
    TOO_SLOW,
    UNKNOWN_HOST,
)
from sites.router.xds.request_log import LOG_NAME
from sites.router.xds.resource import Kind, Resource, resource
from sites.router.xds.routes import LOGGED

LISTENER = "edge"
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

# Scope keys are compared byte by byte, host names are not
_LOWER_CASE = """
function envoy_on_request(handle)
  local headers = handle:headers()
  local host = headers:get(":authority")
  if host and host:find("%u") then
    headers:replace(":authority", host:lower())
    handle:clearRouteCache()
  end
end
"""
_ADS = {"ads": {}, "resourceApiVersion": "V3", "initialFetchTimeout": "0s"}

# Linux: SOL_SOCKET 1, SO_KEEPALIVE 9, IPPROTO_TCP 6, TCP_KEEPIDLE 4, TCP_KEEPINTVL 5, TCP_KEEPCNT 6.
# Nothing else ends a silent WebSocket whose client has vanished.
_KEEPALIVE = ((1, 9, 1), (6, 4, 60), (6, 5, 15), (6, 6, 4))


IDLE_SECONDS = 180
"""A connection without a request is kept so long: longer than the proxies in common use keep theirs (60 to 120 s), so
that they close first and no request meets a closing connection."""
_FULL = 510
"""Status by which the filter of requests at once says that it is full; no visitor sees it."""


def edge_listener(addresses: Sequence[str], port: int, *, bounds: Bounds, silence_seconds: int) -> Resource:
    """The listener on `port` of every address in `addresses`; a request that is silent for so long is ended."""
    first, *others = [{"socketAddress": {"address": address, "portValue": port}} for address in addresses]
    options = [{"level": level, "name": name, "intValue": value} for level, name, value in _KEEPALIVE]
    description = {
        "name": LISTENER,
        "address": first,
        "additionalAddresses": [{"address": other} for other in others],
        # With it an orphaned Envoy would silently share the port and serve old routes
        "enableReusePort": False,
        "perConnectionBufferLimitBytes": 256 * 1024,
        "tcpBacklogSize": 4096,
        "socketOptions": options,
        "filterChains": [{"filters": [_manager(bounds, silence_seconds)]}],
    }
    message = json_format.ParseDict(description, listener_pb2.Listener())
    return resource(Kind.LISTENER, LISTENER, message)


def _filter(name: str, config: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "typedConfig": config}


def _manager(bounds: Bounds, silence_seconds: int) -> dict[str, Any]:
    kind = _TYPE + http_connection_manager_pb2.HttpConnectionManager.DESCRIPTOR.full_name
    config = {
        "@type": kind,
        "statPrefix": LISTENER,
        "codecType": "AUTO",
        "scopedRoutes": _scoped_routes(),
        "httpFilters": _http_filters(bounds.requests),
        "upgradeConfigs": [{"upgradeType": "websocket"}],
        "localReplyConfig": _local_replies(),
        "accessLog": [_request_log()],
        # The peer is the client; nothing in front of us is trusted, also not from a private network
        "useRemoteAddress": True,
        "internalAddressConfig": {"cidrRanges": [{"addressPrefix": "255.255.255.255", "prefixLen": 32}]},
        # For a client on this machine it would append the machine's address; the routes add the true one
        "skipXffAppend": True,
        "earlyHeaderMutationExtensions": [_filter("forged-headers", _without_forged_headers())],
        "serverHeaderTransformation": "PASS_THROUGH",
        "stripTrailingHostDot": True,
        "normalizePath": True,
        # Routes depend on the host alone, and applications give a meaning of their own to %2F
        "pathWithEscapedSlashesAction": "KEEP_UNCHANGED",
        "httpProtocolOptions": {"acceptHttp10": True},
        "http2ProtocolOptions": {
            "maxConcurrentStreams": 100,
            "initialStreamWindowSize": 256 * 1024,
            "initialConnectionWindowSize": 1024 * 1024,
        },
        # WSGI reads a header with '_' as the same one with '-', which would bring forged ones back
        "commonHttpProtocolOptions": {
            "idleTimeout": f"{IDLE_SECONDS}s",
            "headersWithUnderscoresAction": "DROP_HEADER",
        },
        "requestHeadersTimeout": "30s",
        "streamIdleTimeout": f"{silence_seconds}s",
        # Who answers decides whether a body shall be sent at all (RFC 9110, 10.1.1)
        "proxy100Continue": True,
    }
    return _filter("envoy.filters.network.http_connection_manager", config)


def _request_log() -> dict[str, Any]:
    """To the xDS server, only of routes that say so, and without waiting: what cannot be sent is dropped."""
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
    return {
        **_filter("envoy.access_loggers.http_grpc", sending),
        "filter": {"extensionFilter": _filter("envoy.access_loggers.extension_filters.cel", condition)},
    }


def _type(message: type[Message]) -> str:
    return _TYPE + message.DESCRIPTOR.full_name


def _scoped_routes() -> dict[str, Any]:
    # Up to the first ':' the authority is the host name; the application sees it with its port
    host = {"name": ":authority", "elementSeparator": ":", "index": 0}
    return {
        "name": "hosts",
        "scopeKeyBuilder": {"fragments": [{"headerValueExtractor": host}]},
        "rdsConfigSource": _ADS,
        "scopedRds": {"scopedRdsConfigSource": _ADS},
    }


def _http_filters(most_requests: int) -> list[dict[str, Any]]:
    concurrency, lua, on_demand, router, mutation = (_type(packed) for packed in _PACKED[2:7])
    return [
        # The first is the last that an answer passes
        _filter(
            "envoy.filters.http.header_mutation",
            {"@type": mutation, "mutations": {"responseMutations": [_removal(RESPONSE_HEADERS)]}},
        ),
        _filter("envoy.filters.http.adaptive_concurrency", {"@type": concurrency, **_at_once(most_requests)}),
        _filter("envoy.filters.http.lua", {"@type": lua, "defaultSourceCode": {"inlineString": _LOWER_CASE}}),
        _filter("envoy.filters.http.on_demand", {"@type": on_demand}),
        _filter("envoy.filters.http.router", {"@type": router, "suppressEnvoyHeaders": True}),
    ]


def _at_once(most: int) -> dict[str, Any]:
    """A fixed number of requests under way: the filter's least and its highest limit are the same."""
    return {
        "gradientControllerConfig": {
            "concurrencyLimitParams": {"maxConcurrencyLimit": most, "concurrencyUpdateInterval": "60s"},
            "minRttCalcParams": {"fixedValue": "1s", "minConcurrency": most},
        },
        "concurrencyLimitExceededStatus": {"code": _FULL},
    }


def _without_forged_headers() -> dict[str, Any]:
    kind = _TYPE + early_header_mutation_pb2.HeaderMutation.DESCRIPTOR.full_name
    return {"@type": kind, "mutations": [_removal(REQUEST_HEADERS)]}


def _removal(families: tuple[Family, ...]) -> dict[str, Any]:
    return {"removeOnMatch": {"keyMatcher": {"safeRegex": {"regex": pattern_of(families)}}}}


def _local_replies() -> dict[str, Any]:
    return {
        "mappers": [
            _page_for(_flags("NR"), UNKNOWN_HOST, 404),
            # A cluster without endpoints: nobody has seen its instances run since they were started
            _page_for(_flags("UH"), STARTING, 503, retry=True),
            _page_for(_flags("NC", "UF", "UC", "UR", "URX"), NO_ANSWER, 503, retry=True),
            _page_for(_flags("UO", "OM"), BUSY, 503, retry=True),
            _page_for(_status(_FULL), BUSY, 503, retry=True),
            _page_for(_status(504), SILENT, 504),
            _page_for(_status(408), TOO_SLOW, 408),
        ]
    }


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
