"""Settings: subscriptions, their people and the filter, asked by the owner, a reader, a stranger and nobody."""

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from sites.models import Membership, Operation, Role, Site, Subscription
from tests.domain import Domain
from tests.portal.conftest import HTMX

NEW = {"name": "dora", "account": "new", "role": "reader"}


@pytest.fixture
def page(domain: Domain) -> str:
    """The address of the people of the one subscription."""
    return f"/settings/subscriptions/{domain.subscription.public_id}/"


@pytest.fixture
def orders(domain: Domain, page: str) -> dict[str, dict[str, str]]:
    """Every change that only an owner may make, with what it takes."""
    owner = domain.subscription.memberships.get(user=domain.alice)
    return {
        f"{page}name/": {"name": "Mine"},
        f"{page}people/": NEW,
        f"{page}people/{owner.pk}/role/": {"role": "reader"},
        f"{page}people/{owner.pk}/remove/": {},
        f"{page}people/{owner.pk}/link/": {},
    }


def state(domain: Domain) -> object:
    domain.subscription.refresh_from_db()
    return domain.subscription.name, list(Membership.objects.values_list("user", "role")), User.objects.count()


def test_members_see_their_subscriptions_and_strangers_none(alice: Client, bob: Client, charlie: Client) -> None:
    assert "create a subscription" in alice.get("/settings/").content.decode()
    reader = bob.get("/settings/").content.decode()
    assert ">Default<" in reader and "create a subscription" not in reader
    stranger = charlie.get("/settings/").content.decode()
    assert ">Default<" not in stranger and "You have no role yet" in stranger and "to add 'charlie'." in stranger


def test_a_reader_sees_the_people_and_no_way_to_change_them(bob: Client, page: str) -> None:
    text = bob.get(page).content.decode()
    assert "You are a reader of this subscription." in text and "alice" in text
    assert "add a person" not in text and "Leave" in text and "New link" not in text


def test_a_stranger_learns_nothing(domain: Domain, charlie: Client, page: str, orders: dict) -> None:
    before = state(domain)
    assert charlie.get(page).status_code == 404
    for address, values in orders.items():
        assert charlie.post(address, values).status_code == 404, address
    assert state(domain) == before


def test_a_reader_is_told_who_may(domain: Domain, bob: Client, orders: dict) -> None:
    before = state(domain)
    for address, values in orders.items():
        answer = bob.post(address, values, headers=HTMX)
        assert answer.status_code == 403, address
        assert "Its owner is alice" in answer.content.decode()
    assert state(domain) == before


def test_nobody_is_sent_to_the_sign_in(domain: Domain, browser, page: str, orders: dict) -> None:
    before = state(domain)
    for address in ("/settings/", page):
        assert browser(None).get(address)["Location"].startswith("/sign-in/")
    for address, values in orders.items():
        assert browser(None).post(address, values).status_code == 302
    assert state(domain) == before


def test_a_look_changes_nothing(domain: Domain, alice: Client, page: str, orders: dict) -> None:
    for address in (*orders, "/settings/shown/", "/settings/subscriptions/"):
        expected = 200 if address.endswith("remove/") else 405
        assert alice.get(address).status_code == expected, address
    for address in ("/settings/", page):
        assert alice.post(address).status_code == 405


def test_what_is_not_there_is_not_there(alice: Client, page: str) -> None:
    assert alice.get("/settings/subscriptions/00000000-0000-0000-0000-000000000000/").status_code == 404
    for order in ("role", "remove", "link"):
        assert alice.post(f"{page}people/4711/{order}/", {"role": "reader"}).status_code == 404


def test_a_new_person_gets_a_link_that_is_shown_once(alice: Client, browser, page: str) -> None:
    answer = alice.post(f"{page}people/", NEW)
    assert (answer.status_code, answer["Location"]) == (303, page)
    shown = alice.get(page).content.decode()
    link = re.search(r"http://localhost(/welcome/[^<]+)", shown)
    assert link and "Added dora to &#x27;Default&#x27; as a reader." in shown
    assert "/welcome/" not in alice.get(page).content.decode()
    dora = browser(None)
    password = {"password1": "quiet green room", "password2": "quiet green room"}
    assert dora.post(link[1], password)["Location"] == "/sites/"
    assert dora.get(page).status_code == 200


def test_somebody_without_a_password_can_get_another_link_and_nobody_else(
    domain: Domain, alice: Client, page: str
) -> None:
    alice.post(f"{page}people/", NEW)
    alice.get(page)
    dora, bob = (domain.subscription.memberships.get(user__username=name) for name in ("dora", "bob"))
    assert alice.post(f"{page}people/{dora.pk}/link/")["Location"] == page
    assert "/welcome/" in alice.get(page).content.decode()
    refused = alice.post(f"{page}people/{bob.pk}/link/", headers=HTMX)
    assert refused.status_code == 400 and "./greenroom password --user bob" in refused.content.decode()


def test_with_scripts_the_browser_is_led_on(alice: Client, page: str) -> None:
    answer = alice.post(f"{page}people/", {**NEW, "name": "charlie", "account": "existing"}, headers=HTMX)
    assert answer["HX-Redirect"] == page
    refused = alice.post(f"{page}people/", {**NEW, "name": "nobody", "account": "existing"}, headers=HTMX)
    assert refused.status_code == 400 and refused["HX-Retarget"] == "#notification"
    assert alice.post(f"{page}people/", {"name": "x"}, headers=HTMX).status_code == 400


def test_roles_change_and_people_leave(domain: Domain, alice: Client, bob: Client, page: str) -> None:
    member = domain.subscription.memberships.get(user=domain.bob)
    alice.post(f"{page}people/{member.pk}/role/", {"role": "contributor"})
    member.refresh_from_db()
    assert member.role == Role.CONTRIBUTOR
    question = bob.get(f"{page}people/{member.pk}/remove/", headers=HTMX).content.decode()
    assert "Are you sure you want to leave the subscription 'Default'?" in question
    assert bob.post(f"{page}people/{member.pk}/remove/")["Location"] == "/settings/"
    assert bob.get(page).status_code == 404


def test_the_last_owner_stays(domain: Domain, alice: Client, page: str) -> None:
    own = domain.subscription.memberships.get(user=domain.alice)
    for answer in (
        alice.post(f"{page}people/{own.pk}/role/", {"role": "reader"}, headers=HTMX),
        alice.post(f"{page}people/{own.pk}/remove/", headers=HTMX),
    ):
        assert answer.status_code == 409
        assert "alice is the last owner of the subscription" in answer.content.decode()


def test_subscriptions_are_made_and_renamed(alice: Client, bob: Client, page: str) -> None:
    answer = alice.post("/settings/subscriptions/", {"name": "Second"})
    second = Subscription.objects.get(name="Second")
    assert answer["Location"] == f"/settings/subscriptions/{second.public_id}/"
    assert bob.post("/settings/subscriptions/", {"name": "Mine"}).status_code == 403
    alice.post(f"{page}name/", {"name": "First"})
    assert Subscription.objects.filter(name="First").exists()
    assert Operation.objects.filter(kind="members").count() == 2


def test_the_filter_decides_what_the_list_and_its_counts_show(domain: Domain, alice: Client, contoso: Site) -> None:
    second = Subscription.objects.create(name="Second")
    Membership.objects.create(subscription=second, user=domain.alice, role=Role.OWNER)
    answer = alice.post("/settings/shown/", {"shown": str(second.public_id), "next": "/all/"})
    assert (answer.status_code, answer["Location"]) == (303, "/all/")
    hidden = alice.get("/sites/")
    assert hidden.context["tree"].rows == [] and hidden.context["frame"].sites == 0
    assert hidden.context["frame"].is_filtered
    assert alice.get("/sites/contoso/staging/dashboard/").status_code == 200
    logs = alice.get("/operations/")
    assert not [row for row in logs.context["page"] if row.site] and not list(logs.context["names"])
    assert "contoso" not in b"".join(alice.get("/operations/export.csv").streaming_content).decode()
    alice.post("/settings/shown/", {"shown": [str(second.public_id), str(domain.subscription.public_id)]})
    assert len(alice.get("/sites/").context["tree"].rows) == 2
    assert [row for row in alice.get("/operations/").context["page"] if row.site]


def test_the_filter_shows_nothing_that_the_gate_does_not(
    domain: Domain, charlie: Client, alice: Client, contoso: Site
) -> None:
    assert charlie.post("/settings/shown/", {"shown": str(domain.subscription.public_id)}).status_code == 400
    assert charlie.get("/sites/").context["tree"].rows == []
    assert alice.post("/settings/shown/").status_code == 400
    assert len(alice.get("/sites/").context["tree"].rows) == 2


def test_the_number_of_queries_does_not_depend_on_the_number_of_people(
    domain: Domain, alice: Client, page: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for address, expected in (("/settings/", 9), (page, 9)):
        alice.get(address)
        with django_assert_num_queries(expected) as captured:
            alice.get(address)
        for number in range(10):
            person = User.objects.create_user(f"{address.count('/')}-{number}")
            Membership.objects.create(subscription=domain.subscription, user=person)
            other = Subscription.objects.create(name=f"{address} {number}")
            Membership.objects.create(subscription=other, user=domain.alice)
        with django_assert_num_queries(len(captured)):
            alice.get(address)
