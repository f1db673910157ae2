"""How Envoy is started."""

import errno
import json
import os
import stat
from pathlib import Path

import pytest
from django.test import override_settings
from envoy.config.bootstrap.v3 import bootstrap_pb2
from envoy.extensions.resource_monitors.downstream_connections.v3 import downstream_connections_pb2
from envoy.extensions.resource_monitors.fixed_heap.v3 import fixed_heap_pb2
from envoy.extensions.transport_sockets.tls.v3 import tls_pb2
from envoy.extensions.upstreams.http.v3 import http_protocol_options_pb2
from envoy.service.discovery.v3 import discovery_pb2
from google.protobuf import json_format

from sites.errors import RouterRefused, RouterUnreachable
from sites.router import credentials
from sites.router.bootstrap import (
    bootstrap,
    bootstrap_with_certificate,
    envoy_command,
    secrets_description,
    write_bootstrap,
)
from sites.router.bounds import bounds
from sites.router.envoy import EnvoyRouter
from sites.router.place import Place

KNOWN_TO_THE_POOL = (downstream_connections_pb2, fixed_heap_pb2, http_protocol_options_pb2, tls_pb2)


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


def test_a_server_that_is_away_is_a_sentence(tmp_path: Path) -> None:
    with override_settings(XDS_CONTROL_SOCKET=tmp_path / "nobody.sock"):
        with pytest.raises(RouterUnreachable) as raised:
            EnvoyRouter().publish(1, 1)
    assert str(raised.value).startswith("The router's xDS server does not answer")


@pytest.mark.parametrize(("host", "kind"), [("192.0.2.7", "STATIC"), ("xds.example.org", "STRICT_DNS")])
def test_a_router_elsewhere_trusts_only_our_server_over_present_tls(host: str, kind: str) -> None:
    made = bootstrap_with_certificate("router-2", Place(host, 8443), addresses=["192.0.2.9"], port=80)
    message = json_format.ParseDict(made, bootstrap_pb2.Bootstrap())
    assert message.node.id == "router-2"
    assert json_format.MessageToDict(message.node.metadata) == {"listen": ["192.0.2.9"], "port": 80}
    (cluster,) = message.static_resources.clusters
    assert cluster.DiscoveryType.Name(cluster.type) == kind
    context = tls_pb2.UpstreamTlsContext()
    assert cluster.transport_socket.typed_config.Unpack(context)
    versions = context.common_tls_context.tls_params
    assert versions.tls_minimum_protocol_version == versions.TLSv1_3
    trusted = context.common_tls_context.validation_context
    assert trusted.trusted_ca.filename == "authority.pem"
    assert trusted.match_typed_subject_alt_names[0].matcher.exact == context.sni
    json_format.ParseDict(secrets_description(), discovery_pb2.DiscoveryResponse())


def test_a_folder_for_a_router_is_whole_and_closed(tmp_path: Path) -> None:
    made = bootstrap_with_certificate("router-2", Place("192.0.2.7", 8443), addresses=["::"], port=80)
    folder = tmp_path / "router-2"
    credentials.write_folder(folder, credentials.files(made, credentials=b"key", authority=b"authority"))
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {
        "router.pem": 0o600,
        "authority.pem": 0o600,
        "secrets.json": 0o600,
        "envoy.json": 0o600,
        "start": 0o700,
    }
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert credentials.is_folder_of(folder, "router-2") and not credentials.is_folder_of(folder, "router-3")
    with pytest.raises(RouterRefused, match="exists already"):
        credentials.write_folder(folder, {})
    credentials.replace_certificate(folder, credentials=b"new", authority=b"authority")
    assert (folder / "router.pem").read_bytes() == b"new"
    assert modes == {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


def test_a_folder_that_cannot_be_written_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(RouterRefused, match="No space left"):
        credentials.write_folder(tmp_path / "router-2", {"router.pem": b"key"})
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(RouterRefused, match="There is no folder"):
        credentials.write_folder(tmp_path / "nowhere" / "router-2", {})
