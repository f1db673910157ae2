"""How many queries the portal makes for what is asked most."""

from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from sites.models import Operation
from tests.domain import Domain

MAX_FOR_A_SWAP = 15
MAX_FOR_A_DASHBOARD = 22


def test_asking_for_a_swap(
    domain: Domain, alice: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    domain.staged()
    address = reverse("slot-swap", args=["contoso", "staging"])
    asked = {"served": alice.get(address).context["served"]}
    with django_assert_max_num_queries(MAX_FOR_A_SWAP):
        answer = alice.post(address, asked)
    assert answer.status_code == 303
    assert Operation.objects.filter(kind="swap").count() == 1


def test_the_dashboard_after_a_swap_with_the_offer_to_roll_back(
    domain: Domain, alice: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    production, staging = domain.staged()
    domain.swap(staging, production)
    with django_assert_max_num_queries(MAX_FOR_A_DASHBOARD):
        page = alice.get(reverse("site-dashboard", args=["contoso", "staging"]))
    assert "notification-rollback" in page.content.decode()
