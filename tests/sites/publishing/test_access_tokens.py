"""A person's access token publishes where the person may, and where the token may."""

import pytest
from django.http import HttpResponse
from django.test import Client

from sites.models import Deployment, Slot
from sites.services import access_tokens
from tests.domain import Domain

HOST = "contoso-staging.scm.localhost:8080"


@pytest.fixture
def slots(domain: Domain) -> tuple[Slot, Slot]:
    return domain.staged()


def publish(domain: Domain, token: str) -> HttpResponse:
    body = domain.archive("three").read_bytes()
    headers = {"Host": HOST, "Authorization": f"Bearer {token}"}
    return Client().post("/api/zipdeploy?isAsync=true", body, content_type="application/zip", headers=headers)


def token_of(domain: Domain, person: str, scope: str, site: str = "") -> str:
    user = getattr(domain, person)
    return access_tokens.create(acting_user=user, name="ci", scopes=[scope], days=1, site_name=site)[1]


@pytest.mark.parametrize("scope", ["publish", "administer"])
def test_a_token_that_may_publish_does_so_in_the_name_of_its_person(
    domain: Domain, slots: tuple[Slot, Slot], scope: str
) -> None:
    answer = publish(domain, token_of(domain, "alice", scope, "contoso"))
    assert answer.status_code == 202
    deployment = Deployment.objects.get(public_id=answer.json()["id"])
    assert deployment.author == "alice" and deployment.operation.actor == domain.alice
    domain.work(deployment.operation)
    headers = {"Host": HOST, "Authorization": f"Bearer {token_of(domain, 'alice', scope)}"}
    assert Client().get("/api/deployments/latest", headers=headers).json()["author"] == "alice"


@pytest.mark.parametrize(
    ("person", "scope", "site"),
    [
        ("alice", "read", ""),
        ("alice", "swap", ""),
        ("alice", "publish", "fabrikam"),
        ("bob", "publish", ""),
        ("charlie", "publish", ""),
    ],
)
def test_every_other_token_is_as_good_as_a_wrong_password(
    domain: Domain, slots: tuple[Slot, Slot], person: str, scope: str, site: str
) -> None:
    domain.create("fabrikam")
    count = Deployment.objects.count()
    answer = publish(domain, token_of(domain, person, scope, site))
    assert (answer.status_code, answer.json()["code"]) == (401, "NotAuthenticated")
    assert Deployment.objects.count() == count
