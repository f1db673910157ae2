"""Every record can be looked up in Django admin, and none can be changed past its service."""

import pytest
from django.contrib.admin import site
from django.contrib.admin.utils import flatten_fieldsets
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse

from portal.admin.base import encrypted_fields
from sites.models import Operation, Revision, Site, Slot, SlotSetting
from sites.services.settings import Entry
from tests.domain import Domain

READ_ONLY = [
    "site",
    "slot",
    "hostname",
    "slotsetting",
    "stickyname",
    "swap",
    "operation",
    "deployment",
    "revision",
    "routernode",
]
LISTS = [*READ_ONLY, "subscription"]


def _fill(domain: Domain, name: str) -> None:
    """A site with rows of everything."""
    production, staging = domain.staged(name)
    domain.swap(staging, production)
    entries = [Entry("SECRET", f"hidden-{name}", is_sticky=True), Entry("PLAIN", f"hidden-{name}")]
    domain.save(staging, *entries)


def _look(client: Client, name: str) -> tuple[str, int]:
    """The list as text, and how many queries it took."""
    with CaptureQueriesContext(
        connection,
    ) as queries:
        answer = client.get(reverse(f"admin:sites_{name}_changelist"))
    assert answer.status_code == 200, name
    return answer.content.decode(), len(queries)


def test_lists_take_the_same_number_of_queries_however_long_they_are(domain: Domain, admin: Client) -> None:
    _fill(domain, "contoso")
    counts = {name: _look(admin, name)[1] for name in LISTS}
    _fill(domain, "fabrikam")
    assert {name: _look(admin, name)[1] for name in LISTS} == counts


def test_no_secret_is_shown(domain: Domain, admin: Client) -> None:
    _fill(domain, "contoso")
    slot = Slot.objects.get(is_production=True)
    pages = [_look(admin, name)[0] for name in LISTS]
    for record in (*SlotSetting.objects.all(), *Revision.objects.all(), slot):
        answer = admin.get(reverse(f"admin:sites_{record._meta.model_name}_change", args=[record.pk]))
        assert answer.status_code == 200
        pages.append(answer.content.decode())
    assert not any("hidden-contoso" in page or slot.publishing_password in page for page in pages)


@pytest.mark.parametrize("name", READ_ONLY)
def test_what_services_own_can_not_be_added(admin: Client, name: str) -> None:
    assert admin.get(reverse(f"admin:sites_{name}_add")).status_code == 403


def test_what_services_own_can_not_be_changed_or_deleted(domain: Domain, admin: Client) -> None:
    for record in (domain.create(), Operation.objects.get()):
        name = record._meta.model_name
        assert admin.post(reverse(f"admin:sites_{name}_change", args=[record.pk]), {"name": "x"}).status_code == 403
        assert admin.post(reverse(f"admin:sites_{name}_delete", args=[record.pk]), {"post": "yes"}).status_code == 403
    assert Site.objects.get().name == "contoso"


def test_an_operation_shows_its_steps(domain: Domain, admin: Client) -> None:
    domain.create()
    operation = Operation.objects.get()
    page = admin.get(reverse("admin:sites_operation_change", args=[operation.pk])).content.decode()
    assert operation.steps.exists()
    assert operation.outcome.replace("'", "&#x27;") in page


def test_lists_can_be_searched(domain: Domain, admin: Client) -> None:
    domain.create("contoso")
    domain.create("fabrikam")
    for name in ("site", "slot", "hostname", "operation"):
        page = admin.get(reverse(f"admin:sites_{name}_changelist"), {"q": "fabri"}).content.decode()
        assert "fabrikam" in page
        assert "contoso" not in page


def test_whoever_is_no_administrator_is_sent_away(alice: Client) -> None:
    assert alice.get(reverse("admin:sites_site_changelist")).status_code == 302


def test_no_encrypted_field_has_a_place_on_a_page(domain: Domain, admin: Client) -> None:
    request = RequestFactory().get("/admin/")
    request.user = User.objects.get(is_superuser=True)
    checked = 0
    for model, page in site._registry.items():
        inlines = [(inline.model, inline) for inline in page.get_inline_instances(request)]
        for shown, its_page in [(model, page), *inlines]:
            secret = set(encrypted_fields(shown))
            places = [*flatten_fieldsets(its_page.get_fieldsets(request)), *its_page.get_readonly_fields(request)]
            places += [*getattr(its_page, "list_display", ()), *getattr(its_page, "search_fields", ())]
            assert not secret & set(places), f"{its_page} shows {secret & set(places)}"
            checked += len(secret)
    assert checked >= 4


def test_by_what_people_sign_in_is_not_shown_and_not_changed(domain: Domain, admin: Client) -> None:
    for model in ("mfa_authenticator", "account_emailaddress", "socialaccount_socialapp", "usersessions_usersession"):
        with pytest.raises(NoReverseMatch):
            reverse(f"admin:{model}_changelist")
    page = admin.get(reverse("admin:auth_user_change", args=[domain.alice.pk]))
    assert page.status_code == 200
    address = reverse("admin:auth_user_password_change", args=[domain.alice.pk])
    for answer in (
        admin.get(address),
        admin.post(address, {"password1": "quiet green room", "password2": "quiet green room"}),
    ):
        assert answer.status_code == 400 and "./greenroom password --user alice --link" in answer.content.decode()
    domain.alice.refresh_from_db()
    assert domain.alice.check_password("alice")


def test_somebody_new_is_made_without_a_password(domain: Domain, admin: Client) -> None:
    address = reverse("admin:auth_user_add")
    assert 'type="password"' not in admin.get(address).content.decode()
    assert admin.post(address, {"username": "dora"}).status_code == 302
    assert not User.objects.get(username="dora").has_usable_password()


def test_the_administrations_own_form_for_a_password_leads_to_ours(admin: Client) -> None:
    typed = {"old_password": "x", "new_password1": "quiet green room", "new_password2": "quiet green room"}
    for answer in (admin.get("/admin/password_change/"), admin.post("/admin/password_change/", typed)):
        assert answer.status_code == 302 and answer["Location"] == "/settings/account/"
