"""Who gets through to the pages of a slot, and by which method: the same questions to every address."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from sites.models import Operation, Slot, SlotSetting
from tests.domain import Domain

PAGES = ["site-quickstart", "site-dashboard", "site-deployments", "site-configure", "site-scale"]
QUESTIONS = ["site-publish", "site-credentials-reset", "site-logs"]
CHANGES = [
    "site-publish",
    "site-configure",
    "site-scale",
    "site-credentials-reset",
    "site-password-reveal",
    "site-publish-profile",
    "site-deploy-branches",
]
POSTS_ONLY = ["site-look", "site-password-reveal", "site-values-reveal", "site-publish-profile", "site-deploy-branches"]


def _address(name: str, site: str = "contoso", slot: str = "staging") -> str:
    return reverse(name, args=[site, slot])


@pytest.mark.parametrize("slot_name", ["production", "staging"])
@pytest.mark.parametrize("name", [*PAGES, *QUESTIONS])
def test_both_slots_have_the_same_pages(alice: Client, staged: object, name: str, slot_name: str) -> None:
    answer = alice.get(_address(name, slot=slot_name))
    assert answer.status_code == 200
    title = "contoso" if slot_name == "production" else "contoso (staging)"
    assert f"<title>{title}" in answer.content.decode()


@pytest.mark.parametrize("name", PAGES)
def test_a_reader_sees_every_page(bob: Client, staged: object, name: str) -> None:
    assert bob.get(_address(name)).status_code == 200


@pytest.mark.parametrize("name", [*PAGES, *QUESTIONS])
def test_a_stranger_gets_the_page_of_what_does_not_exist(charlie: Client, staged: object, name: str) -> None:
    assert charlie.get(_address(name)).status_code == 404
    assert charlie.get(_address(name, site="nothing")).status_code == 404


@pytest.mark.parametrize("name", [*CHANGES, *POSTS_ONLY])
def test_a_stranger_changes_nothing(charlie: Client, staged: object, name: str) -> None:
    before = Operation.objects.count()
    assert charlie.post(_address(name)).status_code == 404
    assert Operation.objects.count() == before


@pytest.mark.parametrize("name", [*CHANGES, "site-values-reveal"])
def test_a_reader_is_told_whom_to_ask(bob: Client, staged: object, name: str) -> None:
    before = Operation.objects.count()
    answer = bob.post(_address(name))
    assert answer.status_code == 403
    assert "you are a reader of the subscription" in answer.content.decode()
    assert Operation.objects.count() == before


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_reader_is_not_asked(bob: Client, staged: object, name: str) -> None:
    assert bob.get(_address(name)).status_code == 403


@pytest.mark.parametrize("name", POSTS_ONLY)
def test_looking_changes_nothing(alice: Client, staged: object, name: str) -> None:
    assert alice.get(_address(name)).status_code == 405


@pytest.mark.parametrize("name", PAGES)
def test_pages_take_no_delete(alice: Client, staged: object, name: str) -> None:
    assert alice.delete(_address(name)).status_code == 405


@pytest.mark.parametrize("name", PAGES)
def test_an_unknown_slot_is_nowhere(alice: Client, staged: object, name: str) -> None:
    assert alice.get(_address(name, slot="other")).status_code == 404


@pytest.mark.parametrize("name", PAGES)
def test_who_is_not_signed_in_is_sent_to_the_door(
    browser: Callable[[User | None], Client], staged: object, name: str
) -> None:
    answer = browser(None).get(_address(name))
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize("name", PAGES)
def test_the_number_of_queries_does_not_grow(
    domain: Domain, alice: Client, staging: Slot, name: str, django_assert_max_num_queries: Callable
) -> None:
    alice.get(_address(name))
    with django_assert_max_num_queries(40) as few:
        alice.get(_address(name))
    domain.create("second")
    domain.create("third")
    for number in range(6):
        SlotSetting.objects.create(
            site=staging.site, workload=staging.workload, category="app_settings", name=f"KEY{number}", value="1"
        )
        staging.workload.deployments.create(content_digest="x", message=str(number), author="a", deployer="Portal")
    with django_assert_max_num_queries(len(few)):
        alice.get(_address(name))
