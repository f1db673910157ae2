"""MANAGE DOMAINS."""

from django.test import Client
from pytest_django import Settings

from sites.models import CustomDomain, Site
from tests.domain import Domain
from tests.portal.conftest import HTMX
from tests.portal.views.conftest import text

ADDRESS = "/sites/contoso/staging/domains/"


def test_the_dialog_names_the_records_that_prove_a_name(contoso: Site, alice: Client) -> None:
    assert alice.post(ADDRESS, {"name": "www.Bücher.example"}).status_code == 303
    shown = text(alice.get(ADDRESS))
    assert "Manage custom domains" in shown
    assert "www.bücher.example <small>www.xn--bcher-kva.example</small>" in shown
    assert "www.xn--bcher-kva.example CNAME contoso-staging.localhost" in shown
    public_id = contoso.subscription.public_id.hex
    assert f"_greenroom.www.xn--bcher-kva.example TXT greenroom-verification={public_id}" in shown


def test_the_list_asks_again_while_a_name_is_pending(contoso: Site, alice: Client) -> None:
    part = {**HTMX, "HX-Target": "domain-list"}
    assert "every 2s" not in text(alice.get(ADDRESS, headers=part))
    alice.post(ADDRESS, {"name": "www.fabrikam.example"})
    assert "every 2s" in text(alice.get(ADDRESS, headers=part))


def test_a_refusal_stands_in_the_dialog_with_what_was_typed(contoso: Site, alice: Client) -> None:
    answer = alice.post(ADDRESS, {"name": "contoso.localhost"})
    assert answer.status_code == 400
    assert "it belongs to this installation" in text(answer)
    assert 'value="contoso.localhost"' in text(answer)


def test_a_name_is_removed(contoso: Site, alice: Client, settings: Settings) -> None:
    settings.DOMAIN_PROOF = False
    alice.post(ADDRESS, {"name": "www.fabrikam.example"})
    assert "verified" in text(alice.get(ADDRESS))
    alice.post(ADDRESS, {"remove": CustomDomain.objects.get().pk})
    assert not CustomDomain.objects.exists()
    assert alice.post(ADDRESS, {"remove": "9" * 30}).status_code == 404
    assert alice.post(ADDRESS, {"again": "x"}).status_code == 404


def test_a_reader_looks_and_changes_nothing(contoso: Site, bob: Client) -> None:
    shown = text(bob.get(ADDRESS))
    assert 'id="domain-add"' not in shown
    assert bob.post(ADDRESS, {"name": "www.fabrikam.example"}).status_code == 403


def test_the_command_is_grey_in_free_mode_and_stands_on_the_dashboard_only(contoso: Site, alice: Client) -> None:
    dashboard, quickstart = "/sites/contoso/production/dashboard/", "/sites/contoso/production/quickstart/"
    assert f'href="{ADDRESS.replace("staging", "production")}"' in text(alice.get(dashboard))
    assert "command-domains" not in text(alice.get(quickstart))
    Site.objects.update(mode="free")
    assert 'id="why-domains"' in text(alice.get(dashboard))
    assert "is in Free mode" in text(alice.get(ADDRESS.replace("staging", "production")))


def test_the_dialog_asks_the_database_as_often_for_many_names(
    domain: Domain, contoso: Site, alice: Client, django_assert_max_num_queries: object
) -> None:
    slot = contoso.slots.get(name="staging")
    CustomDomain.objects.bulk_create(CustomDomain(slot=slot, name=f"n{number}.example.com") for number in range(50))
    with django_assert_max_num_queries(40):
        alice.get(ADDRESS)
