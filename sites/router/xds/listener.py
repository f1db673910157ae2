"""The one listener: every address, every host name, one port."""

from collections.abc import Sequence
from typing import Any

from envoy.config.listener.v3 import listener_pb2
from envoy.extensions.filters.http.lua.v3 import lua_pb2
from envoy.extensions.filters.http.on_demand.v3 import on_demand_pb2
from envoy.extensions.filters.http.router.v3 import router_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2
from envoy.extensions.http.early_header_mutation.header_mutation.v3 import header_mutation_pb2
from google.protobuf import json_format

from sites.router.xds.pages import CONTENT_TYPE, NO_ANSWER, RETRY_AFTER_SECONDS, STARTING, UNKNOWN_HOST
from sites.router.xds.resource import Kind, Resource, resource

LISTENER = "edge"
_TYPE = "type.googleapis.com/"

# Packed as Any below, by name: the classes must be known to the pool
_PACKED = (lua_pb2.Lua, on_demand_pb2.OnDemand, router_pb2.Router, header_mutation_pb2.HeaderMutation)

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

# Only the router may say these; a client's own would be believed by applications
_FORGED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-port", "x-real-ip")
_FORGED_PREFIX = "x-website-"

# Linux: SOL_SOCKET 1, SO_KEEPALIVE 9, IPPROTO_TCP 6, TCP_KEEPIDLE 4, TCP_KEEPINTVL 5, TCP_KEEPCNT 6.
# Nothing else ends a silent WebSocket whose client has vanished.
_KEEPALIVE = ((1, 9, 1), (6, 4, 60), (6, 5, 15), (6, 6, 4))


def edge_listener(addresses: Sequence[str], port: int) -> Resource:
    """The listener on `port` of every address in `addresses`."""
    first, *others = [{"socketAddress": {"address": address, "portValue": port}} for address in addresses]
    options = [{"level": level, "name": name, "intValue": value} for level, name, value in _KEEPALIVE]
    description = {
        "name": LISTENER,
        "address": first,
        "additionalAddresses": [{"address": other} for other in others],
        # With it an orphaned Envoy would silently share the port and serve old routes
        "enableReusePort": False,
        "perConnectionBufferLimitBytes": 256 * 1024,
        "socketOptions": options,
        "filterChains": [{"filters": [_filter("envoy.filters.network.http_connection_manager", _manager())]}],
    }
    message = json_format.ParseDict(description, listener_pb2.Listener())
    return resource(Kind.LISTENER, LISTENER, message)


def _filter(name: str, config: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "typedConfig": config}


def _manager() -> dict[str, Any]:
    kind = _TYPE + http_connection_manager_pb2.HttpConnectionManager.DESCRIPTOR.full_name
    return {
        "@type": kind,
        "statPrefix": LISTENER,
        "codecType": "AUTO",
        "scopedRoutes": _scoped_routes(),
        "httpFilters": _http_filters(),
        "upgradeConfigs": [{"upgradeType": "websocket"}],
        "localReplyConfig": _local_replies(),
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
        "commonHttpProtocolOptions": {"idleTimeout": "900s", "headersWithUnderscoresAction": "DROP_HEADER"},
        "requestHeadersTimeout": "30s",
        "streamIdleTimeout": "300s",
    }


def _scoped_routes() -> dict[str, Any]:
    # Up to the first ':' the authority is the host name; the application sees it with its port
    host = {"name": ":authority", "elementSeparator": ":", "index": 0}
    return {
        "name": "hosts",
        "scopeKeyBuilder": {"fragments": [{"headerValueExtractor": host}]},
        "rdsConfigSource": _ADS,
        "scopedRds": {"scopedRdsConfigSource": _ADS},
    }


def _http_filters() -> list[dict[str, Any]]:
    lua, on_demand, router, _ = (_TYPE + packed.DESCRIPTOR.full_name for packed in _PACKED)
    return [
        _filter("envoy.filters.http.lua", {"@type": lua, "defaultSourceCode": {"inlineString": _LOWER_CASE}}),
        _filter("envoy.filters.http.on_demand", {"@type": on_demand}),
        _filter("envoy.filters.http.router", {"@type": router, "suppressEnvoyHeaders": True}),
    ]


def _without_forged_headers() -> dict[str, Any]:
    mutations: list[dict[str, Any]] = [{"remove": name} for name in _FORGED]
    mutations.append({"removeOnMatch": {"keyMatcher": {"prefix": _FORGED_PREFIX, "ignoreCase": True}}})
    return {"@type": _TYPE + header_mutation_pb2.HeaderMutation.DESCRIPTOR.full_name, "mutations": mutations}


def _local_replies() -> dict[str, Any]:
    return {
        "mappers": [
            _page_for(["NR"], UNKNOWN_HOST, 404),
            # A cluster without endpoints: nobody has seen its instances run since they were started
            _page_for(["UH"], STARTING, 503, retries=True),
            _page_for(["NC", "UF", "UC", "UR", "URX"], NO_ANSWER, 503, retries=True),
        ]
    }


def _page_for(flags: list[str], html: str, status: int, *, retries: bool = False) -> dict[str, Any]:
    headers = [{"header": {"key": "cache-control", "value": "no-store"}}]
    if retries:
        headers.append({"header": {"key": "retry-after", "value": str(RETRY_AFTER_SECONDS)}})
    return {
        "filter": {"responseFlagFilter": {"flags": flags}},
        "statusCode": status,
        "headersToAdd": headers,
        "bodyFormatOverride": {"textFormatSource": {"inlineString": html}, "contentType": CONTENT_TYPE},
    }
