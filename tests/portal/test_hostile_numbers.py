"""Numbers that no computer word holds, and digits that are none, wherever a number can be sent."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from portal.settings import env_int
from sites.models import Operation, Site
from tests.domain import Domain
from tests.portal.conftest import HTMX

NUMBERS = ["9" * 5000, '{"a": ' + "9" * 5000 + "}", "9" * 25, "-" + "9" * 5000, "1e999", "¹", "٣" * 5000, "NaN"]
"""Python refuses to read more than 4,300 digits, and a column has 64 bits at most."""
SLOT = "/sites/contoso/staging"
FIELDS = [
    (f"{SLOT}/mode/", {"mode": "shared"}, "count"),
    (f"{SLOT}/scale/", {"mode": "standard"}, "count"),
    ("/new/custom/", {"name": "fabrikam", "mode": "standard", "to": "create"}, "instance_count"),
    (f"{SLOT}/configure/", {}, "drain_limit_seconds"),
    ("/sites/contoso/production/configure/", {}, "rollback_window_seconds"),
    (f"{SLOT}/configure/", {}, "warmup_seconds"),
    (f"{SLOT}/configure/", {}, "warmup_tries"),
    (f"{SLOT}/configure/", {}, "warmup_statuses"),
    (f"{SLOT}/configure/", {"app_settings-INITIAL_FORMS": "0"}, "app_settings-TOTAL_FORMS"),
    (f"{SLOT}/configure/", {"app_settings-TOTAL_FORMS": "1"}, "app_settings-INITIAL_FORMS"),
    ("/sites/contoso/production/rollback/", {}, "swap"),
    ("/settings/account/sessions/end/", {}, "session"),
    ("/settings/account/passkeys/", {"name": "x"}, "credential"),
    ("/sign-in/passkey/", {}, "credential"),
]
QUERIES = [
    f"{SLOT}/swaps/?page=",
    f"{SLOT}/deployments/?page=",
    f"{SLOT}/scale/?mode=standard&count=",
    f"{SLOT}/mode/?mode=shared&count=",
    "/operations/?page=",
    "/operations/?before=",
    "/news/?since=",
    "/admin/sites/operation/?p=",
    "/admin/sites/operation/?site__id__exact=",
    "/admin/sites/instance/?revision__id__exact=",
]


@pytest.mark.parametrize(("address", "others", "field"), FIELDS, ids=[f"{one[0]}{one[2]}" for one in FIELDS])
def test_in_a_form_they_are_refused_and_change_nothing(
    contoso: Site, alice: Client, address: str, others: dict[str, str], field: str
) -> None:
    before = Operation.objects.count()
    for number in NUMBERS:
        answer = alice.post(address, {**others, field: number}, headers=HTMX)
        assert answer.status_code < 500, number[:20]
    assert Operation.objects.count() == before
    assert list(contoso.slots.values_list("instance_count", "drain_limit_seconds", "rollback_window_seconds")) == [
        (1, 30, 600),
        (1, 30, 600),
    ]


def test_in_a_query_they_ask_for_nothing_that_is_there(domain: Domain, contoso: Site, alice: Client) -> None:
    type(domain.alice).objects.update(is_staff=True, is_superuser=True)
    for query in QUERIES:
        for number in NUMBERS:
            assert alice.get(query + number).status_code < 500, query + number[:20]


def test_in_an_address_they_name_nothing(domain: Domain, alice: Client) -> None:
    for number in ("9" * 5000, "9" * 25, "1" * 19):
        people = f"/settings/subscriptions/{domain.subscription.public_id}/people/{number}"
        for address in (f"{people}/role/", f"{people}/remove/", f"/settings/account/passkeys/{number}/remove/"):
            assert alice.post(address, {"role": "owner"}).status_code in (302, 404), address


def test_in_the_environment_they_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_UPLOAD", "9" * 5000)
    with pytest.raises(ImproperlyConfigured, match="MAX_UPLOAD must be a whole number"):
        env_int("MAX_UPLOAD", 1)
