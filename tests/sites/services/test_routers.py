"""A router that is gone is retired by a command, and nothing else retires one."""

from datetime import timedelta

import pytest

from sites.errors import RouterRefused, RouterUnknown
from sites.models import RouterNode
from sites.models.clock import now
from sites.router.authority import Certificate
from sites.routing import DatabaseTables, registered_nodes
from sites.services import routers

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def two_routers() -> None:
    """The installation's own one, and a former one."""
    for name in ("router-1", "router-0"):
        RouterNode.objects.create(node_id=name, last_seen_at=now())


def test_a_retired_router_is_expected_no_longer() -> None:
    assert routers.retire("router-0", is_connected=False)
    assert registered_nodes() == {"router-1"}
    retired = {one.name for one in DatabaseTables(print).routers() if one.is_retired}
    assert retired == {"router-0"}
    assert not routers.retire("router-0", is_connected=False)


def test_it_is_expected_again_when_it_was_activated_and_has_connected() -> None:
    routers.retire("router-0", is_connected=False)
    assert routers.activate("router-0")
    assert not routers.activate("router-0")
    assert registered_nodes() == {"router-1"}
    DatabaseTables(print).seen("router-0")
    assert registered_nodes() == {"router-0", "router-1"}


def test_the_router_that_up_starts_is_not_retired() -> None:
    with pytest.raises(RouterRefused, match="GREENROOM_ROUTER_NODE"):
        routers.retire("router-1", is_connected=False)
    assert registered_nodes() == {"router-0", "router-1"}


def test_one_that_serves_visitors_is_not_retired_by_mistake() -> None:
    with pytest.raises(RouterRefused, match="is connected and serves visitors"):
        routers.retire("router-0", is_connected=True)
    assert registered_nodes() == {"router-0", "router-1"}


def test_a_name_that_nobody_has_is_a_sentence() -> None:
    for ask in (lambda: routers.retire("router-9", is_connected=False), lambda: routers.activate("router-9")):
        with pytest.raises(RouterUnknown, match="There is no router 'router-9'"):
            ask()


def test_up_does_not_start_with_the_name_of_a_retired_router() -> None:
    routers.ensure_local_is_active()
    RouterNode.objects.filter(node_id="router-1").update(retired_at=now())
    with pytest.raises(RouterRefused, match="router activate router-1"):
        routers.ensure_local_is_active()


def certificate(fingerprint: str) -> Certificate:
    return Certificate("router-2", fingerprint, now() + timedelta(days=365))


def accepted() -> tuple[str, ...]:
    return next(one.certificates for one in DatabaseTables(print).routers() if one.name == "router-2")


def test_a_router_that_was_added_is_expected_from_its_first_connection_on() -> None:
    routers.add("router-2", certificate("one"))
    assert accepted() == ("one",)
    assert "router-2" not in registered_nodes()
    DatabaseTables(print).seen("router-2", "one")
    assert "router-2" in registered_nodes()


def test_the_former_certificate_is_good_until_the_new_one_is_used() -> None:
    routers.add("router-2", certificate("one"))
    routers.renew("router-2", certificate("two"), ends_former=False)
    DatabaseTables(print).seen("router-2", "one")
    assert accepted() == ("two", "one")
    DatabaseTables(print).seen("router-2", "two")
    assert accepted() == ("two",)


def test_the_former_certificate_can_be_ended_at_once() -> None:
    routers.add("router-2", certificate("one"))
    routers.renew("router-2", certificate("two"), ends_former=True)
    assert accepted() == ("two",)


def test_a_router_of_the_unix_socket_gets_no_certificate() -> None:
    with pytest.raises(RouterRefused, match="has no certificate"):
        routers.renew("router-0", certificate("one"), ends_former=False)


@pytest.mark.parametrize("name", ["router-0", "router-1", "", "a b", "../x", "x" * 65])
def test_a_name_that_is_taken_or_no_name_is_not_added(name: str) -> None:
    with pytest.raises(RouterRefused, match="Nothing was changed"):
        routers.add(name, certificate("one"))


def test_a_retired_name_is_made_active_and_not_added_again() -> None:
    routers.retire("router-0", is_connected=False)
    with pytest.raises(RouterRefused, match="router activate router-0"):
        routers.add("router-0", certificate("one"))


def test_a_router_with_a_certificate_that_nobody_added_is_not_registered() -> None:
    DatabaseTables(print).seen("router-9", "one")
    assert registered_nodes() == {"router-0", "router-1"}
