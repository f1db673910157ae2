"""The one listener: every address, every host name, one port."""

from collections.abc import Sequence
from typing import Any

from envoy.config.listener.v3 import listener_pb2
from envoy.extensions.filters.http.adaptive_concurrency.v3 import adaptive_concurrency_pb2
from envoy.extensions.filters.http.header_mutation.v3 import header_mutation_pb2
from envoy.extensions.filters.http.lua.v3 import lua_pb2
from envoy.extensions.filters.http.on_demand.v3 import on_demand_pb2
from envoy.extensions.filters.http.router.v3 import router_pb2
from envoy.extensions.filters.listener.tls_inspector.v3 import tls_inspector_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2
from envoy.extensions.http.early_header_mutation.header_mutation.v3 import (
    header_mutation_pb2 as early_header_mutation_pb2,
)
from google.protobuf import json_format

from sites.router.bounds import Bounds
from sites.router.xds.edge_headers import REQUEST_HEADERS, RESPONSE_HEADERS, TLS_VERSION_HEADER, Family, pattern_of
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
from sites.router.xds.resource import Kind, Resource, pack, resource
from sites.router.xds.tls_socket import HANDSHAKE_SECONDS, transport_socket

LISTENER = "edge"
_TYPE = "type.googleapis.com/"

# Packed as Any below, by name: the classes must be known to the pool
_PACKED = (
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


def edge_listener(
    addresses: Sequence[str], port: int, *, bounds: Bounds, silence_seconds: int, tls_port: int = 0
) -> Resource:
    """The listener on `port` of every address in `addresses`; a request that is silent for so long is ended.

    With a `tls_port` it listens there too. What a client speaks decides, so both ports take both.
    """
    ports = [port, tls_port] if tls_port else [port]
    first, *others = [
        {"socketAddress": {"address": address, "portValue": one}} for one in ports for address in addresses
    ]
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
    if tls_port:
        _add_tls(message)
    return resource(Kind.LISTENER, LISTENER, message)


def _add_tls(listener: listener_pb2.Listener) -> None:
    """One more filter chain with the same filters, for clients that begin with a TLS handshake."""
    inspector = tls_inspector_pb2.TlsInspector()
    listener.listener_filters.add(name="envoy.filters.listener.tls_inspector", typed_config=pack(inspector))
    chain = listener.filter_chains.add(name="tls")
    chain.filters.extend(listener.filter_chains[0].filters)
    chain.filter_chain_match.transport_protocol = "tls"
    chain.transport_socket.CopyFrom(transport_socket())
    chain.transport_socket_connect_timeout.FromSeconds(HANDSHAKE_SECONDS)


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
        # The peer is the client; nothing in front of us is trusted, also not from a private network
        "useRemoteAddress": True,
        "internalAddressConfig": {"cidrRanges": [{"addressPrefix": "255.255.255.255", "prefixLen": 32}]},
        # For a client on this machine it would append the machine's address; the routes add the true one
        "skipXffAppend": True,
        "earlyHeaderMutationExtensions": [
            _filter("forged-headers", _without_forged_headers()),
            _filter("tls-version", _with_tls_version()),
        ],
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
    concurrency, lua, on_demand, router, mutation, _ = (_TYPE + packed.DESCRIPTOR.full_name for packed in _PACKED)
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


def _with_tls_version() -> dict[str, Any]:
    """For the routes of slots that want TLS 1.3; the routes take the header away again."""
    kind = _TYPE + early_header_mutation_pb2.HeaderMutation.DESCRIPTOR.full_name
    header = {"key": TLS_VERSION_HEADER, "value": "%DOWNSTREAM_TLS_VERSION%"}
    return {"@type": kind, "mutations": [{"append": {"header": header, "appendAction": "OVERWRITE_IF_EXISTS_OR_ADD"}}]}


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
