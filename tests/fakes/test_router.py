"""The router of the fast tests."""

import pytest
from django.test import override_settings

from sites.errors import RouterUnreachable
from sites.router import get_router
from sites.router.table import RouteTable
from tests.fakes.router import MemoryRouter
from tests.sites.router.tables import table


@pytest.fixture
def committed() -> dict[int, RouteTable]:
    return {1: table(1)}


@pytest.fixture
def router(committed: dict[int, RouteTable]) -> MemoryRouter:
    router = MemoryRouter(nodes=("router-1", "router-2"))
    router.use_tables(committed.get)
    return router


def test_publishing_reaches_every_node(router: MemoryRouter, committed: dict[int, RouteTable]) -> None:
    assert router.publish(1, 1).versions == {"router-1": 1, "router-2": 1}
    assert router.answer("SITE1.localhost.:8080") == table(1).hosts[0]
    committed[1] = table(2, "r-2", "r-1")
    assert router.publish(1, 2).versions == {"router-1": 2, "router-2": 2}
    found = router.answer("site1.localhost")
    assert found is not None
    assert found.cluster == "r-2"
    assert router.published == [(1, 1), (1, 2)]


def test_a_removed_site_is_unknown(router: MemoryRouter, committed: dict[int, RouteTable]) -> None:
    router.publish(1, 1)
    committed.clear()
    assert router.publish(1, 2).versions == {"router-1": 2, "router-2": 2}
    assert router.answer("site1.localhost") is None


def test_nodes_may_refuse_be_late_or_be_away(router: MemoryRouter, committed: dict[int, RouteTable]) -> None:
    router.publish(1, 1)
    committed[1] = table(2, "r-2", "r-1")
    router.nodes["router-1"].refuses = "no such cluster"
    router.nodes["router-2"].is_late = True
    acknowledgement = router.publish(1, 2)
    assert acknowledgement.versions == {"router-1": 1, "router-2": 1}
    assert acknowledgement.refusals == {"router-1": "no such cluster"}
    router.nodes["router-2"].is_connected = False
    assert router.publish(1, 2).versions == {"router-1": 1}


def test_it_can_be_unreachable(router: MemoryRouter) -> None:
    router.is_unreachable = True
    with pytest.raises(RouterUnreachable, match="does not answer"):
        router.publish(1, 1)
    with pytest.raises(RouterUnreachable):
        router.requests_in_progress(["r-1"])


def test_requests_in_progress_are_what_the_test_says(router: MemoryRouter) -> None:
    router.in_progress = {"r-1": 2, "r-2": None}
    assert router.requests_in_progress(["r-1", "r-2", "r-3"]) == {"r-1": 2, "r-2": None, "r-3": 0}


def test_without_tables_it_says_so() -> None:
    with pytest.raises(RuntimeError, match="use_tables"):
        MemoryRouter().publish(1, 1)


def test_the_settings_name_the_router() -> None:
    get_router.cache_clear()
    with override_settings(ROUTER="tests.fakes.router.MemoryRouter"):
        assert isinstance(get_router(), MemoryRouter)
        assert get_router() is get_router()
    get_router.cache_clear()
