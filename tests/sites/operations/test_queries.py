"""How many queries a worker makes."""

from pytest_django import DjangoAssertNumQueries

from sites.operations import claims, machine
from sites.services import swaps
from tests.domain import Domain

ROUTE_TABLE = 15
"""What the double of the router reads itself, three times five; the real one does so in a process of its own."""


def test_a_warm_swap(domain: Domain, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    production, staging = domain.staged()
    domain.swap(staging, production)
    operation = swaps.request_swap(acting_user=domain.alice, source=staging, target=production)
    with django_assert_max_num_queries(58 + ROUTE_TABLE):
        machine.run(operation.pk, operation.attempt, claim=claims.new_claim(), again=lambda *_: None)
    operation.refresh_from_db()
    assert operation.state == "succeeded", operation.outcome
