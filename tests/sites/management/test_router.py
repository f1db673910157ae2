"""`./greenroom router` says what became of each router."""

import io
import json
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings
from django.core.management import call_command
from pytest_django import Settings

from sites.errors import RouterUnreachable
from sites.models import RouterNode
from sites.models.clock import now
from sites.router.authority import read_certificate
from sites.router.envoy import EnvoyRouter
from sites.supervisor.router_lines import summary

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def connected(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of the routers that are connected."""
    names: set[str] = set()
    monkeypatch.setattr(EnvoyRouter, "status", lambda self: {"nodes": dict.fromkeys(names)})
    return names


def said(*arguments: str, **options: object) -> str:
    out = io.StringIO()
    call_command("router", *arguments, stdout=out, **options)
    return out.getvalue()


def add(*names: str) -> None:
    for name in names:
        RouterNode.objects.create(node_id=name, last_seen_at=now())


def test_the_list_says_who_is_connected_away_and_retired(connected: set[str]) -> None:
    assert "No router has connected yet" in said()
    add("router-0", "router-1", "router-2")
    connected.add("router-1")
    said("retire", "router-2")
    lines = said("list").splitlines()
    assert [line.split()[0] for line in lines] == ["router-0", "router-1", "router-2"]
    assert "away, last seen" in lines[0]
    assert lines[1].endswith("connected, this installation's own")
    assert "retired" in lines[2]


def test_the_list_is_there_without_the_xds_server(monkeypatch: pytest.MonkeyPatch) -> None:
    add("router-1")

    def fail(self: EnvoyRouter) -> None:
        raise RouterUnreachable(part="The router's xDS server", reason="no such file")

    monkeypatch.setattr(EnvoyRouter, "status", fail)
    assert "router-1" in said()


def test_a_port_where_no_router_can_connect_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    add("router-1")
    monkeypatch.setattr(EnvoyRouter, "status", lambda self: {"nodes": {}, "fault_of_port": "Routers cannot connect"})
    assert said().splitlines()[-1] == "Routers cannot connect"


def test_a_connected_router_is_retired_only_when_that_is_said(
    connected: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    add("router-1", "router-2")
    connected.add("router-2")
    with pytest.raises(SystemExit):
        said("retire", "router-2")
    assert "is connected and serves visitors. Nothing was changed." in capsys.readouterr().err
    assert "gives up its port" in said("retire", "router-2", connected=True)
    assert "was retired before" in said("retire", "router-2")


def test_who_retires_the_last_router_is_warned(settings: Settings) -> None:
    settings.ROUTER_NODE = "router-9"
    add("router-0")
    answer = said("retire", "router-0")
    assert "No other router has connected yet" in answer
    assert "stop it" in answer


def test_activation_says_from_when_operations_wait() -> None:
    add("router-1", "router-0")
    assert "is not retired" in said("activate", "router-0")
    said("retire", "router-0")
    assert "as soon as it has connected" in said("activate", "router-0")


@pytest.fixture
def listening(settings: Settings, tmp_path: Path) -> Path:
    """An installation that routers elsewhere can connect to; returns a folder for theirs."""
    settings.XDS_LISTEN = "192.0.2.7:8443"
    settings.ROUTER_AUTHORITY = tmp_path / "authority.json"
    settings.ROUTER_DIR = tmp_path / "routers"
    return tmp_path / "out"


def fingerprint(folder: Path) -> str:
    pem = (folder / "router.pem").read_bytes()
    return read_certificate(x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)).fingerprint


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit):
        said(*arguments)
    return capsys.readouterr().err


def test_a_router_is_added_with_a_folder_that_starts_it(listening: Path) -> None:
    answer = said("add", "router-2", f"--folder={listening}")
    assert f"{listening} is ready" in answer and "keep no copy" in answer
    node = RouterNode.objects.get()
    assert (node.node_id, node.certificate, node.last_seen_at) == ("router-2", fingerprint(listening), None)
    made = json.loads((listening / "envoy.json").read_text())
    address = made["static_resources"]["clusters"][0]["load_assignment"]["endpoints"][0]["lb_endpoints"][0]
    assert address["endpoint"]["address"]["socket_address"] == {"address": "192.0.2.7", "port_value": 8443}
    assert "has not connected yet, certificate until" in said()


def test_its_certificate_is_replaced_where_it_is_used(listening: Path) -> None:
    said("add", "router-2", f"--folder={listening}")
    (listening / "envoy.json").write_text((listening / "envoy.json").read_text().replace("8443", "9443"))
    first = fingerprint(listening)
    assert "works until the new one is used" in said("credentials", "router-2", f"--folder={listening}")
    node = RouterNode.objects.get()
    assert (node.certificate, node.former_certificate) == (fingerprint(listening), first)
    assert "9443" in (listening / "envoy.json").read_text(), "what was changed by hand stays"
    said("credentials", "router-2", "--revoke")
    node = RouterNode.objects.get()
    assert (node.certificate, node.former_certificate) == (fingerprint(settings.ROUTER_DIR / "router-2"), "")


def test_what_cannot_be_done_is_refused_and_changes_nothing(
    listening: Path, capsys: pytest.CaptureFixture[str], settings: Settings
) -> None:
    add("router-1", "router-0")
    assert "already" in refused(capsys, "add", "router-0")
    assert "which `up` starts" in refused(capsys, "add", settings.ROUTER_NODE)
    assert "cannot be the name" in refused(capsys, "add", "../router")
    assert "has no certificate" in refused(capsys, "credentials", "router-0")
    assert "There is no router" in refused(capsys, "credentials", "router-9")
    assert "is not HOST:PORT" in refused(capsys, "add", "router-2", "--server=nowhere")
    listening.mkdir()
    assert "exists already" in refused(capsys, "add", "router-2", f"--folder={listening}")
    settings.XDS_LISTEN = "0.0.0.0:8443"
    assert "--server HOST:PORT" in refused(capsys, "add", "router-2")
    settings.XDS_LISTEN = ""
    assert "GREENROOM_XDS_LISTEN, which is not set" in refused(capsys, "add", "router-2")
    assert RouterNode.objects.count() == 2
    assert list(listening.iterdir()) == []


def test_a_certificate_that_expires_soon_is_named(listening: Path) -> None:
    said("add", "router-2", f"--folder={listening}")
    assert "router-2 not connected yet" in summary() and "certificate" not in summary()
    for left, words in ((timedelta(days=9, hours=1), "expires in 9 days"), (timedelta(days=-1), "expired")):
        RouterNode.objects.update(certificate_expires_at=now() + left)
        for text in (said(), summary()):
            assert f"its certificate {words}" in text
            assert "./greenroom router credentials router-2" in text
