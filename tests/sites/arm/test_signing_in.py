"""A client exchanges an access token for one that lasts an hour, and is let in by either."""

from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.test import Client

from sites.models import AccessToken, Slot
from sites.models.clock import now
from sites.services import access_tokens, bearers
from tests.domain import Domain
from tests.sites.arm.client import Azure, azure_of


def exchanged(secret: str, grant: str = "client_credentials") -> HttpResponse:
    form = {"client_id": "ci", "client_secret": secret, "grant_type": grant, "scope": "https://localhost/.default"}
    return Client(SERVER_NAME="localhost", enforce_csrf_checks=True).post("/adfs/oauth2/token", form)


def bearer_of(azure: Azure) -> Azure:
    answer = exchanged(azure.token).json()
    assert answer["token_type"] == "Bearer" and 3590 <= answer["expires_in"] <= 3600
    return Azure(azure.domain, answer["access_token"])


def test_the_cloud_says_where_to_sign_in(domain: Domain) -> None:
    client = Client(SERVER_NAME="localhost")
    cloud = client.get("/metadata/endpoints?api-version=2022-09-01", secure=True).json()
    assert cloud["authentication"]["loginEndpoint"] == "https://localhost/adfs"
    assert cloud["resourceManager"] == "https://localhost"
    for path in ("/adfs/.well-known/openid-configuration", "/adfs/v2.0/.well-known/openid-configuration"):
        assert client.get(path, secure=True).json()["token_endpoint"] == "https://localhost/adfs/oauth2/token"


def test_an_access_token_is_exchanged_and_what_comes_of_it_is_stored_nowhere(domain: Domain, azure: Azure) -> None:
    bearer = bearer_of(azure)
    assert bearer.token != azure.token and bearer.ask("GET", "/subscriptions").json()["value"]
    stored = [str(value) for row in AccessToken.objects.values() for value in row.values()]
    assert not any(bearer.token in value or azure.token in value for value in stored)


@pytest.mark.parametrize(
    ("secret", "grant", "error"),
    [
        ("", "client_credentials", "invalid_client"),
        ("greenroom_" + "x" * 43, "client_credentials", "invalid_client"),
        ("x" * 5000, "client_credentials", "invalid_client"),
        ("", "password", "unsupported_grant_type"),
    ],
)
def test_a_wrong_secret_is_refused_as_token_endpoints_do(domain: Domain, secret: str, grant: str, error: str) -> None:
    answer = exchanged(secret, grant)
    assert answer.status_code in (400, 401) and answer.json()["error"] == error
    assert answer.json()["error_description"].endswith(".")


def test_a_token_of_an_hour_cannot_be_exchanged_for_another_hour(domain: Domain, azure: Azure) -> None:
    assert exchanged(bearer_of(azure).token).json()["error"] == "invalid_client"


def test_guessing_is_slowed_down_and_the_right_one_is_taken_all_the_same(domain: Domain, azure: Azure) -> None:
    answers = [exchanged("greenroom_" + f"{number:043}") for number in range(31)]
    assert (answers[-1].status_code, answers[0].status_code) == (429, 401) and answers[-1]["Retry-After"]
    assert exchanged(azure.token).status_code == 200


def test_what_was_exchanged_ends_with_its_access_token(domain: Domain, azure: Azure) -> None:
    bearer = bearer_of(azure)
    token = AccessToken.objects.get()
    AccessToken.objects.update(expires_at=now() - timedelta(seconds=1))
    assert bearer.ask("GET", "/subscriptions").status_code == 401
    AccessToken.objects.update(expires_at=now() + timedelta(days=1))
    assert bearer.ask("GET", "/subscriptions").status_code == 200
    access_tokens.revoke(acting_user=domain.alice, number=token.pk)
    assert bearer.ask("GET", "/subscriptions").status_code == 401


def test_it_lasts_an_hour_and_no_longer_than_its_access_token(
    domain: Domain, azure: Azure, monkeypatch: pytest.MonkeyPatch
) -> None:
    bearer = bearer_of(azure)
    AccessToken.objects.update(expires_at=now() + timedelta(seconds=90))
    assert exchanged(azure.token).json()["expires_in"] <= 90
    monkeypatch.setattr(bearers, "LASTS", timedelta(seconds=-1))
    assert bearer.ask("GET", "/subscriptions").status_code == 401


@pytest.mark.parametrize("change", [lambda text: text[:-1], lambda text: text + "x", lambda text: text.swapcase()])
def test_one_that_was_changed_is_none(domain: Domain, azure: Azure, change: object) -> None:
    bearer = bearer_of(azure)
    bearer.token = change(bearer.token)
    answer = bearer.ask("GET", "/subscriptions")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "TokenRefused")


def test_it_has_the_scope_of_its_access_token(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    bearer = bearer_of(azure_of(domain, "read"))
    answer = bearer.ask("POST", "contoso/slots/staging/slotsswap", {"targetSlot": "production"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "ScopeMissing")


def test_the_other_interface_takes_access_tokens_only(domain: Domain, azure: Azure) -> None:
    headers = {"Authorization": f"Bearer {bearer_of(azure).token}"}
    assert Client(SERVER_NAME="localhost").get("/api/v1/me", headers=headers).status_code == 401


def test_a_publishing_host_takes_it_if_it_may_publish(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    client = Client(SERVER_NAME="contoso-staging.scm.localhost")
    for scope, status in (("publish", 200), ("read", 401)):
        token = bearer_of(azure_of(domain, scope)).token
        answer = client.get("/api/deployments/latest", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == status
