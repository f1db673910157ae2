"""How Envoy is started."""

import json
import os
from pathlib import Path

import pytest
from django.test import override_settings
from envoy.config.bootstrap.v3 import bootstrap_pb2
from envoy.extensions.resource_monitors.downstream_connections.v3 import downstream_connections_pb2
from envoy.extensions.resource_monitors.fixed_heap.v3 import fixed_heap_pb2
from envoy.extensions.upstreams.http.v3 import http_protocol_options_pb2
from google.protobuf import json_format

from sites.errors import RouterUnreachable
from sites.router.bootstrap import bootstrap, envoy_command, write_bootstrap
from sites.router.bounds import bounds
from sites.router.envoy import EnvoyRouter

KNOWN_TO_THE_POOL = (downstream_connections_pb2, fixed_heap_pb2, http_protocol_options_pb2)


def test_the_bootstrap_is_what_envoy_understands(tmp_path: Path) -> None:
    path = tmp_path / "envoy.json"
    with override_settings(ROUTER_NODE="router-7", XDS_SOCKET=tmp_path / "xds.sock"):
        write_bootstrap(path)
    message = json_format.ParseDict(json.loads(path.read_text()), bootstrap_pb2.Bootstrap())
    assert message.node.id == "router-7"
    assert message.admin.address.pipe.mode == 0o600
    assert message.stats_flush_on_admin
    assert message.watchdogs.worker_watchdog.kill_timeout.ToSeconds() == 60
    back_off = message.dynamic_resources.ads_config.grpc_services[0].envoy_grpc.retry_policy.retry_back_off
    assert back_off.max_interval.ToMilliseconds() == 500
    assert message.dynamic_resources.lds_config.initial_fetch_timeout.ToSeconds() == 0
    assert message.dynamic_resources.lds_config.HasField("initial_fetch_timeout")


def test_connections_and_memory_are_bounded_and_the_administration_is_not() -> None:
    found = bootstrap()
    assert found["admin"]["ignore_global_conn_limit"] is True
    heap, connections = (one["typed_config"] for one in found["overload_manager"]["resource_monitors"])
    assert connections["max_active_downstream_connections"] == bounds().connections
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert heap["max_heap_size_bytes"] <= max(memory // 4, 256 * 1024**2)


def test_another_envoy_can_be_named(tmp_path: Path) -> None:
    with override_settings(ENVOY_PATH="/opt/envoy"):
        assert envoy_command(tmp_path / "envoy.json")[0] == "/opt/envoy"
    assert Path(envoy_command(tmp_path / "envoy.json")[0]).is_file()
    # Two data folders on one machine must not know of each other
    assert "--disable-hot-restart" in envoy_command(tmp_path / "envoy.json")


def test_a_server_that_is_away_is_a_sentence(tmp_path: Path) -> None:
    with override_settings(XDS_CONTROL_SOCKET=tmp_path / "nobody.sock"):
        with pytest.raises(RouterUnreachable) as raised:
            EnvoyRouter().publish(1, 1)
    assert str(raised.value).startswith("The router's xDS server does not answer")
