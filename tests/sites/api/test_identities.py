"""A job of a pipeline shows its identity token and gets an access token of 15 minutes, if the web site trusts it."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from sites.api.routes.identities import ACCESS_TOKEN, GRANT, IDENTITY_TOKENS
from sites.identities import issuers
from sites.models import AccessToken, Membership, Operation, Role, Slot, SpentIdentity, Trust
from sites.models.clock import now
from sites.services import access_tokens, token_exchange, trusts
from tests.domain import Domain
from tests.fakes.token_issuer import TokenIssuer, running_issuer
from tests.sites.api.program import PREFIX, Program, operation_of

MAIN = {"repository": "acme/site", "ref": "refs/heads/main"}


@pytest.fixture
def issuer(settings: Settings) -> Iterator[TokenIssuer]:
    with running_issuer() as one:
        settings.TRUST_HOSTS = [one.issuer.removeprefix("http://")]
        issuers.forget()
        yield one
        issuers.forget()


@pytest.fixture
def trust(domain: Domain, slots: tuple[Slot, Slot], issuer: TokenIssuer) -> Trust:
    """Jobs of acme/site on main may publish and swap contoso."""
    claims = "\n".join(f"{name}={value}" for name, value in MAIN.items())
    trusts.create(
        acting_user=domain.alice,
        site=slots[0].site,
        name="deploy",
        issuer=issuer.issuer,
        audience="greenroom",
        claims=claims,
        scopes=["publish", "swap"],
    )
    return Trust.objects.get()


def ask(token: str, **more: str) -> HttpResponse:
    form = {
        "grant_type": GRANT,
        "subject_token": token,
        "subject_token_type": IDENTITY_TOKENS[0],
        "audience": "contoso",
        **more,
    }
    client = Client(SERVER_NAME="localhost", enforce_csrf_checks=True)
    sent = urlencode(form)
    return client.post(f"{PREFIX}/token-exchange", sent, content_type="application/x-www-form-urlencoded")


def test_a_trusted_job_swaps_with_what_it_gets_and_does_nothing_else(
    domain: Domain, trust: Trust, issuer: TokenIssuer
) -> None:
    domain.staged("fabrikam")
    given = ask(issuer.token(**MAIN, sub="repo:acme/site"))
    assert given.status_code == 200, given.content
    said = given.json()
    assert (said["issued_token_type"], said["token_type"], said["expires_in"]) == (ACCESS_TOKEN, "Bearer", 900)
    assert said["scope"] == "publish swap" and "no-store" in given["Cache-Control"]
    job = Program(said["access_token"])
    assert job.get("/me").json()["site"] == "contoso"
    assert [one["name"] for one in job.get("/sites").json()["items"]] == ["contoso"]
    assert job.get("/sites/fabrikam").status_code == 404
    assert job.patch("/sites/contoso/slots/staging/settings", {"app_settings": {"A": "1"}}).status_code == 403
    swap = operation_of(job.post("/sites/contoso/swap"))
    assert domain.work(swap).state == "succeeded"
    assert (swap.actor, swap.actor_name) == (domain.alice, "alice (deploy)")
    trust.refresh_from_db()
    assert trust.used_at is not None
    assert not access_tokens.of(domain.alice).exists(), "it is no token of the person's page"
    AccessToken.objects.update(expires_at=now() - timedelta(seconds=1))
    assert job.get("/me").status_code == 401


def test_less_can_be_asked_for_and_never_more(trust: Trust, issuer: TokenIssuer) -> None:
    assert ask(issuer.token(**MAIN), scope="read publish").json()["scope"] == "publish read"
    refused = ask(issuer.token(**MAIN, jti="2"), scope="administer")
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")


@pytest.mark.parametrize(
    "claims",
    [
        {**MAIN, "repository": "evil/site"},
        {**MAIN, "ref": "refs/heads/other"},
        {"repository": "acme/site"},
        {**MAIN, "ref": ["refs/heads/main"]},
        {**MAIN, "aud": "another"},
    ],
    ids=str,
)
def test_a_job_that_the_site_does_not_trust_gets_nothing_and_learns_nothing(
    trust: Trust, issuer: TokenIssuer, claims: dict
) -> None:
    refused, unknown = ask(issuer.token(**claims)), ask(issuer.token(**claims), audience="nowhere")
    said = refused.content.decode().replace("contoso", "nowhere")
    assert refused.status_code == 400 and said == unknown.content.decode()
    assert (refused.json()["code"], refused.json()["error"]) == ("IdentityRefused", "invalid_grant")
    assert not AccessToken.objects.exists()
    trust.refresh_from_db()
    assert bool(trust.refusal) == ("aud" not in claims), "who may change the site sees why"


def test_who_comes_while_others_ask_issuers_is_told_to_come_again(
    trust: Trust, issuer: TokenIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuers, "AT_ONCE", 0)
    refused = ask(issuer.token(**MAIN))
    assert (refused.status_code, refused.json()["error"]) == (503, "temporarily_unavailable")
    assert (refused.json()["code"], refused["Retry-After"]) == ("IssuersBusy", str(issuers.BUSY_SECONDS))


@pytest.mark.parametrize(
    "claims", [{"iss": "\ud800"}, {"iss": "a\x00"}, {"jti": "\ud800"}, {"ref": "\ud800"}], ids=ascii
)
def test_claims_that_no_text_has_are_refused(trust: Trust, issuer: TokenIssuer, claims: dict) -> None:
    assert ask(issuer.token(**{**MAIN, **claims})).status_code == 400
    assert ask(issuer.token(**{**MAIN, "sub": "\ud800"})).status_code == 200


def test_a_token_is_exchanged_once(trust: Trust, issuer: TokenIssuer) -> None:
    token = issuer.token(**MAIN, jti="one")
    assert [ask(token).status_code for _ in range(2)] == [200, 400]
    SpentIdentity.objects.update(expires_at=now() - timedelta(seconds=1))
    ask(issuer.token(**MAIN, jti="two"))
    assert SpentIdentity.objects.count() == 1


def test_it_ends_with_the_trust_the_role_and_the_account_of_its_person(
    domain: Domain, trust: Trust, issuer: TokenIssuer
) -> None:
    Membership.objects.filter(user=domain.bob).update(role=Role.OWNER)
    numbers = iter(range(9))
    fresh: Callable[[], HttpResponse] = lambda: ask(issuer.token(**MAIN, jti=str(next(numbers))))  # noqa: E731
    job = Program(fresh().json()["access_token"])
    Membership.objects.filter(user=domain.alice).update(role=Role.READER)
    assert job.post("/sites/contoso/swap").status_code == 403 and fresh().status_code == 400
    Membership.objects.filter(user=domain.alice).delete()
    assert job.get("/sites/contoso").status_code == 404 and fresh().status_code == 400
    trusts.confirm(acting_user=domain.bob, site=trust.site, number=trust.pk)
    assert job.get("/me").status_code == 401, "what was given before acts for nobody"
    job = Program(fresh().json()["access_token"])
    assert job.get("/me").json()["person"] == "bob"
    trusts.remove(acting_user=domain.bob, site=trust.site, number=trust.pk)
    assert job.get("/me").status_code == 401 and fresh().status_code == 400
    assert not Operation.objects.filter(kind="swap").exists()


def test_a_trust_gives_so_many_tokens_at_once(
    trust: Trust, issuer: TokenIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_exchange, "MOST", 2)
    answers = [ask(issuer.token(**MAIN, jti=str(number))) for number in range(3)]
    assert [one.status_code for one in answers] == [200, 200, 429]
    assert answers[2].json()["code"] == "TooManyExchanges" and int(answers[2]["Retry-After"]) > 0


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ({"subject_token_type": ACCESS_TOKEN}, "invalid_request"),
        ({"subject_token": "nonsense"}, "invalid_grant"),
        ({"audience": "x\x00y"}, None),
    ],
    ids=str,
)
def test_what_is_no_exchange_is_refused(trust: Trust, issuer: TokenIssuer, wrong: dict, error: str | None) -> None:
    refused = ask(issuer.token(**MAIN), **wrong)
    assert refused.status_code == 400 and refused.json().get("error") == error


def test_guessing_is_counted_and_a_right_token_is_taken(trust: Trust, issuer: TokenIssuer) -> None:
    statuses = {ask(f"a.b.{number}").status_code for number in range(32)}
    assert statuses == {400, 429}
    assert ask(issuer.token(**MAIN)).status_code == 200


def test_no_token_stands_in_a_log(trust: Trust, issuer: TokenIssuer, caplog: pytest.LogCaptureFixture) -> None:
    token = issuer.token(**MAIN, sub="repo:acme/site")
    given = ask(token).json()["access_token"]
    ask(token)
    assert "repo:acme/site by the trust 'deploy'" in caplog.text or "was given to repo:acme/site" in caplog.text
    assert token not in caplog.text and given not in caplog.text
