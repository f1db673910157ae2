"""PEOPLE: who has a role in one web site alone."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from sites.models import Role, Site, SiteMember
from tests.domain import Domain
from tests.portal.conftest import HTMX

PAGE = "/sites/contoso/staging/people/"


@pytest.fixture
def member(domain: Domain, contoso: Site) -> SiteMember:
    return SiteMember.objects.create(site=contoso, user=domain.charlie, role=Role.CONTRIBUTOR)


def test_an_owner_adds_changes_and_removes_after_a_question(alice: Client, contoso: Site) -> None:
    added = alice.post(PAGE, {"name": "charlie", "role": "reader", "account": "existing"})
    assert (added.status_code, added["Location"]) == (303, PAGE)
    member = contoso.members.get()
    assert alice.post(f"{PAGE}{member.pk}/", {"role": "contributor"}).status_code == 303
    member.refresh_from_db()
    assert member.role == "contributor"
    question = alice.get(f"{PAGE}{member.pk}/remove/").content.decode()
    assert "Are you sure you want to remove charlie from the web site" in question
    assert alice.post(f"{PAGE}{member.pk}/remove/").status_code == 303
    assert not contoso.members.exists()


def test_a_new_person_gets_a_link_that_is_shown_once(alice: Client, contoso: Site) -> None:
    alice.post(PAGE, {"name": "dora", "role": "reader", "account": "new"})
    assert "/welcome/" in alice.get(PAGE).content.decode()
    assert "/welcome/" not in alice.get(PAGE).content.decode()
    number = contoso.members.get().pk
    assert alice.post(f"{PAGE}{number}/", {"link": "1"}).status_code == 303
    assert "/welcome/" in alice.get(PAGE).content.decode()


def test_nobody_gets_a_link_who_has_a_password(alice: Client, member: SiteMember) -> None:
    refused = alice.post(f"{PAGE}{member.pk}/", {"link": "1"})
    assert refused.status_code == 400 and "charlie has signed in already" in refused.content.decode()


def test_what_was_typed_is_kept_with_the_fault(alice: Client, contoso: Site) -> None:
    refused = alice.post(PAGE, {"name": "no<body>", "role": "contributor", "account": "new"})
    text = refused.content.decode()
    assert refused.status_code == 400 and "cannot be a person" in text
    assert (
        'value="no&lt;body&gt;"' in text and 'value="contributor" selected' in text and 'value="new" selected' in text
    )


def test_a_member_sees_the_site_alone_and_may_leave(domain: Domain, charlie: Client, member: SiteMember) -> None:
    domain.create("fabrikam")
    listed = charlie.get("/sites/").content.decode()
    assert "contoso" in listed and "fabrikam" not in listed
    text = charlie.get(PAGE, headers=HTMX).content.decode()
    assert "charlie (you)" in text and "Leave" in text and 'id="person-name"' not in text
    assert charlie.get("/new/").status_code == 200 and charlie.get("/settings/").status_code == 200
    assert "Are you sure you want to leave the web site" in charlie.get(f"{PAGE}{member.pk}/remove/").content.decode()
    assert charlie.post(f"{PAGE}{member.pk}/remove/")["Location"] == "/sites/"
    assert charlie.get(PAGE).status_code == 404


def test_only_owners_decide(domain: Domain, bob: Client, charlie: Client, member: SiteMember) -> None:
    for client in (bob, charlie):
        assert client.post(PAGE, {"name": "nobody", "role": "reader"}).status_code == 403
        assert client.post(f"{PAGE}{member.pk}/", {"role": "reader"}).status_code == 403
        assert client.post(f"{PAGE}{member.pk}/", {"link": "1"}).status_code == 403
    assert bob.get(f"{PAGE}{member.pk}/remove/").status_code == 403
    assert bob.post(f"{PAGE}{member.pk}/remove/").status_code == 403


def test_however_many_people_it_is_so_many_queries(
    alice: Client, contoso: Site, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(20):
        SiteMember.objects.create(site=contoso, user=User.objects.create_user(f"person{number}"), role=Role.READER)
    with django_assert_max_num_queries(20):
        assert alice.get(PAGE).status_code == 200
