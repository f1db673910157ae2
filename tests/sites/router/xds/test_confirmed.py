"""Endpoints are offered from the moment that the runtime has seen an instance there, until it is there no more."""

import pytest

from sites.router.table import Cluster, Endpoint, Sighting
from sites.router.xds.confirmed import Confirmed

HERE, THERE = Endpoint("10.0.0.2", 8080), Endpoint("10.0.0.3", 8080)
CLUSTER = Cluster("r1", (HERE, THERE))


def seen(endpoint: Endpoint | None, *, cluster: str = "r1", is_running: bool = True) -> Sighting:
    return Sighting(cluster, endpoint, is_running)


@pytest.fixture
def confirmed() -> Confirmed:
    """One instance of r1 runs."""
    confirmed = Confirmed()
    assert confirmed.take([seen(HERE)]) == {"r1"}
    return confirmed


def test_nothing_is_confirmed_that_nobody_has_reported() -> None:
    assert Confirmed().only(CLUSTER).endpoints == ()


def test_what_runs_is_confirmed_for_its_own_cluster_alone(confirmed: Confirmed) -> None:
    assert confirmed.only(CLUSTER).endpoints == (HERE,)
    assert confirmed.only(Cluster("r2", (HERE,))).endpoints == ()


def test_what_is_only_starting_is_not(confirmed: Confirmed) -> None:
    assert confirmed.take([seen(HERE), seen(THERE, is_running=False)]) == set()
    assert confirmed.take([seen(HERE), seen(THERE)]) == {"r1"}
    assert confirmed.only(CLUSTER) == CLUSTER


@pytest.mark.parametrize("sighting", [seen(HERE, is_running=False), seen(None, is_running=False)])
def test_one_that_has_crashed_or_whose_place_is_not_known_yet_keeps_its_endpoint(
    confirmed: Confirmed, sighting: Sighting
) -> None:
    assert confirmed.take([sighting]) == set()
    assert confirmed.only(CLUSTER).endpoints == (HERE,)


@pytest.mark.parametrize("sightings", [[], [seen(HERE, cluster="r2")], [seen(THERE, is_running=False)]])
def test_one_that_has_ended_or_is_elsewhere_loses_it(confirmed: Confirmed, sightings: list[Sighting]) -> None:
    assert "r1" in confirmed.take(sightings)
    assert confirmed.only(CLUSTER).endpoints == ()


def test_a_place_that_another_site_has_now_is_not_the_former_ones(confirmed: Confirmed) -> None:
    assert confirmed.take([seen(THERE), seen(HERE, cluster="r2")]) == {"r1", "r2"}
    assert confirmed.only(CLUSTER).endpoints == (THERE,)


def test_an_equal_report_changes_nothing(confirmed: Confirmed) -> None:
    assert confirmed.take([seen(HERE)]) == set()
