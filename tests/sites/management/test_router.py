"""`./greenroom router` says what became of each router."""

import io

import pytest
from django.core.management import call_command
from pytest_django import Settings

from sites.errors import RouterUnreachable
from sites.models import RouterNode
from sites.models.clock import now
from sites.router.envoy import EnvoyRouter

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
    assert lines[1].endswith("this installation's own, connected")
    assert "retired" in lines[2]


def test_the_list_is_there_without_the_xds_server(monkeypatch: pytest.MonkeyPatch) -> None:
    add("router-1")

    def fail(self: EnvoyRouter) -> None:
        raise RouterUnreachable(part="The router's xDS server", reason="no such file")

    monkeypatch.setattr(EnvoyRouter, "status", fail)
    assert "router-1" in said()


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
