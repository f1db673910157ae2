"""LINKED RESOURCES."""

from django.test import Client

from sites.models import Category, Health, LinkedResource, Site
from sites.models.clock import now
from sites.services.settings import read_settings
from tests.domain import Domain
from tests.portal.conftest import HTMX
from tests.portal.views.conftest import latest, text

PAGE = "/sites/contoso/production/linked/"
TYPED = {"engine": "redis", "name": "cache", "string_password": "redis://:hunter2@cache.example.org/0"}


def number() -> int:
    return LinkedResource.objects.get().pk


def test_a_resource_is_linked_shown_and_unlinked_after_a_question(domain: Domain, contoso: Site, alice: Client) -> None:
    assert "You have no linked resources" in text(alice.get(PAGE)) and "Link a resource" in text(alice.get(PAGE))
    assert alice.get(f"{PAGE}link/").status_code == 200
    assert alice.post(f"{PAGE}link/", TYPED)["Location"] == PAGE
    domain.work(contoso.operations.get(kind="change_settings"))
    shown = text(alice.get(PAGE))
    assert "cache" in shown and "Not checked yet" in shown and "every 2s" in shown and "hunter2" not in shown
    question = text(alice.get(f"{PAGE}{number()}/unlink/"))
    assert "Are you sure you want to unlink 'cache' from 'contoso'?" in question and "remove_string" in question
    assert alice.post(f"{PAGE}{number()}/unlink/", {"remove_string": "on"}).status_code == 303
    latest(domain)
    production = contoso.slots.get(is_production=True)
    assert not LinkedResource.objects.exists() and read_settings(production, Category.CONNECTION_STRINGS) == []


def test_what_was_typed_is_kept_with_the_fault_but_for_the_secret(contoso: Site, alice: Client) -> None:
    for headers in ({}, HTMX):
        refused = alice.post(f"{PAGE}link/", {**TYPED, "string_password": "cache:6379,hunter2"}, headers=headers)
        shown = text(refused)
        assert refused.status_code == 400 and '<a href="#link-string">Connection string</a>: ' in shown
        assert 'value="cache"' in shown and 'value="redis" checked' in shown and "hunter2" not in shown


def test_all_that_cannot_be_linked_is_said_at_its_field(contoso: Site, alice: Client) -> None:
    wrong = {**TYPED, "name": "my cache", "string_password": "cache:6379"}
    shown = text(alice.post(f"{PAGE}link/", wrong, headers=HTMX))
    assert "2 values cannot be taken" in shown and 'aria-describedby="link-string-fault link-note"' in shown
    assert 'aria-describedby="link-name-fault" autofocus' in shown and shown.count("autofocus") == 1


def test_health_stands_on_the_tab_and_on_the_dashboard_of_production(
    domain: Domain, contoso: Site, alice: Client
) -> None:
    dashboard = "/sites/contoso/production/dashboard/"
    assert "You have no linked resources" in text(alice.get(dashboard))
    LinkedResource.objects.create(
        site=contoso,
        name="cache",
        engine="redis",
        health=Health.BAD,
        finding="'cache:6379' is starting.",
        since=now(),
        checked_at=now(),
        due_at=now(),
        is_awaited=False,
    )
    for page in (PAGE, dashboard):
        shown = text(alice.get(page))
        assert "Does not answer since" in shown and "'cache:6379' is starting." in shown and "every 2s" not in shown
    assert (
        "linked resources"
        not in text(alice.get(dashboard.replace("production", "staging"))).lower().split('id="overview"')[1]
    )


def test_a_check_is_asked_for(contoso: Site, alice: Client) -> None:
    LinkedResource.objects.create(site=contoso, name="cache", engine="redis", due_at=now(), is_awaited=False)
    assert alice.post(f"{PAGE}{number()}/check/")["Location"] == PAGE
    assert LinkedResource.objects.get().is_awaited
    part = {**HTMX, "HX-Target": "linked-list"}
    assert alice.get(PAGE, headers=part).status_code == 200
    LinkedResource.objects.update(is_awaited=False)
    assert alice.get(PAGE, headers=part).status_code == 286


def test_the_tab_of_staging_says_whose_they_are(contoso: Site, alice: Client) -> None:
    there = PAGE.replace("production", "staging")
    shown = text(alice.get(there))
    assert "Linked resources belong to production" in shown and f'href="{PAGE}"' in shown
    assert "command-link" not in shown
    for path in ("link/", "1/check/", "1/unlink/"):
        assert alice.post(f"{there}{path}", TYPED).status_code == 404


def test_a_reader_looks_and_changes_nothing(contoso: Site, bob: Client) -> None:
    LinkedResource.objects.create(site=contoso, name="cache", engine="redis", due_at=now())
    shown = text(bob.get(PAGE))
    assert "cache" in shown and "Check now" not in shown and 'id="why-link"' in shown
    for path in ("link/", f"{number()}/check/", f"{number()}/unlink/"):
        assert bob.post(f"{PAGE}{path}", TYPED).status_code == 403
