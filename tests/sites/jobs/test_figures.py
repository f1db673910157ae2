"""Figures come from the routers' counters of this swap, and are absent when these cannot be read."""

from datetime import timedelta

import pytest

from sites.jobs import figures
from sites.models import Operation, Swap
from sites.models.clock import now
from sites.router.base import Served
from sites.services import swaps
from tests.domain import Domain


@pytest.fixture
def swapped(domain: Domain) -> Operation:
    production, staging = domain.staged()
    for slot in (production, staging):
        domain.router.served[slot.live_revision.cluster] = Served(100, 0)
    operation = domain.work(swaps.request_swap(acting_user=domain.alice, source=staging, target=production))
    Swap.objects.update(acknowledged_at=now() - timedelta(seconds=1))
    return operation


def count(domain: Domain, operation: Operation, served: Served | None) -> str:
    for cluster in domain.router.served:
        domain.router.served[cluster] = served
    figures.run()
    operation.refresh_from_db()
    return operation.outcome


def test_only_requests_of_this_swap_are_counted(domain: Domain, swapped: Operation) -> None:
    outcome = count(domain, swapped, Served(702, 0))
    assert outcome.endswith(" s. 1,204 requests around the switch, none failed.")
    assert not figures.is_needed()


def test_failures_are_said(domain: Domain, swapped: Operation) -> None:
    assert count(domain, swapped, Served(110, 2)).endswith("20 requests around the switch, 4 answered with an error.")


def test_without_the_routers_counters_there_is_no_figure(domain: Domain, swapped: Operation) -> None:
    assert "requests" not in count(domain, swapped, None)
    Swap.objects.update(acknowledged_at=now() - timedelta(seconds=6))
    assert not figures.is_needed()


def test_counters_that_began_anew_meanwhile_give_no_figure(domain: Domain, swapped: Operation) -> None:
    assert "requests" not in count(domain, swapped, Served(3, 0))


def test_an_acknowledgement_that_took_long_gives_no_figure(domain: Domain, swapped: Operation) -> None:
    Swap.objects.update(switched_at=now() - timedelta(seconds=7))
    assert "requests" not in count(domain, swapped, Served(702, 0))


def test_a_silent_address_gets_no_figure(domain: Domain, swapped: Operation) -> None:
    assert "request" not in count(domain, swapped, Served(100, 0))


def test_the_figures_are_said_once(domain: Domain, swapped: Operation) -> None:
    first = count(domain, swapped, Served(702, 0))
    assert count(domain, swapped, Served(900, 0)) == first


def test_routers_are_given_time_to_report_the_last_requests(domain: Domain, swapped: Operation) -> None:
    Swap.objects.update(acknowledged_at=now())
    assert not figures.is_needed()
    assert "request" not in count(domain, swapped, Served(702, 0))
