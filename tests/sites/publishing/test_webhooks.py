"""Webhooks at /deploy: who is believed, what is fetched, what is ignored, and what a stranger can do."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from sites.models import LimitBucket, Operation, Slot, SourceControl
from tests.domain import Domain
from tests.sites.fetched_repository import URL, FetchedRepository, connect_source
from tests.sites.publishing.test_views import basic

HOST = "contoso-staging.scm.localhost"
PUSH = json.dumps({"ref": "refs/heads/main", "after": "b" * 40}).encode()


def digest(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def github(secret: str, body: bytes, event: str = "push") -> dict[str, str]:
    return {
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
        "X-Hub-Signature": "sha1=" + "0" * 40,
        "X-Hub-Signature-256": f"sha256={digest(secret, body)}",
    }


def gitlab(secret: str, body: bytes) -> dict[str, str]:
    return {"X-Gitlab-Event": "Push Hook", "X-Gitlab-Token": secret}


def gitlab_signed(secret: str, body: bytes, moment: int | None = None) -> dict[str, str]:
    """As GitLab 19 signs with a signing token, and as standardwebhooks.com defines it."""
    moment = int(time.time()) if moment is None else moment
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = base64.b64encode(hmac.new(key, f"msg_1.{moment}.".encode() + body, hashlib.sha256).digest()).decode()
    return {
        "X-Gitlab-Event": "Push Hook",
        "webhook-id": "msg_1",
        "webhook-timestamp": str(moment),
        "webhook-signature": f"v2,x v1,{signed}",
    }


def gitea(secret: str, body: bytes) -> dict[str, str]:
    return {**github(secret, body), "X-Gitea-Event": "push", "X-Gitea-Signature": digest(secret, body)}


def plain(secret: str, body: bytes) -> dict[str, str]:
    return {"X-Hub-Signature-256": f"sha256={digest(secret, body)}"}


SIGNED = [github, gitlab, gitlab_signed, gitea, plain]
Sign = Callable[[str, bytes], dict[str, str]]


class Hooked:
    """A slot that is connected to 'main', and the host of its repository."""

    def __init__(self, domain: Domain) -> None:
        self.domain = domain
        self.repository = FetchedRepository(domain.runtime)
        _, self.slot = domain.staged()
        assert domain.work(connect_source(domain, self.slot)).state == "succeeded"
        self.secret = str(SourceControl.objects.get().webhook_secret)
        self.repository.commit = "b" * 40

    def send(self, headers: dict[str, str], body: bytes = PUSH, **values: str) -> HttpResponse:
        base = {"content_type": "application/json", "HTTP_HOST": HOST}
        return Client().generic("POST", "/deploy", body, headers=headers, **{**base, **values})

    def signed(self, body: bytes = PUSH, sign: Sign = github, **values: str) -> HttpResponse:
        return self.send(sign(self.secret, body), body, **values)

    @property
    def fetches(self) -> int:
        return Operation.objects.filter(target="contoso (staging)", actor_name__endswith="(webhook)").count()


@pytest.fixture
def hooked(domain: Domain, settings: Settings, tmp_path: Path) -> Hooked:
    settings.GIT_DIR = tmp_path / "git"
    return Hooked(domain)


@pytest.mark.parametrize("sign", SIGNED)
def test_a_signed_push_to_the_branch_is_fetched_and_published(hooked: Hooked, sign: Sign) -> None:
    answer = hooked.signed(sign=sign)
    assert answer.status_code == 202, answer.content
    operation = Operation.objects.get(public_id=answer.json()["operation"])
    assert hooked.domain.work(operation).state == "succeeded"
    sender = {github: "GitHub", gitlab: "GitLab", gitlab_signed: "GitLab", gitea: "Gitea", plain: "Webhook"}[sign]
    assert operation.actor_name == f"{sender} (webhook)" and operation.actor is None
    assert Slot.objects.get(pk=hooked.slot.pk).current_workload.active_deployment.commit == "b" * 40


@pytest.mark.parametrize("sign", SIGNED)
def test_a_wrong_signature_fetches_nothing(hooked: Hooked, sign: Sign) -> None:
    wrong = base64.b64encode(b"x" * 32).decode()
    for headers in (sign(f"whsec_{wrong}", PUSH), {**sign(hooked.secret, PUSH), "X-Hub-Signature-256": "sha256="}):
        answer = hooked.send(headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "HookRefused")
    assert hooked.fetches == 0


@pytest.mark.parametrize("sign", [github, gitlab_signed, gitea, plain])
def test_a_signature_of_another_body_fetches_nothing(hooked: Hooked, sign: Sign) -> None:
    assert hooked.send(sign(hooked.secret, PUSH), PUSH + b" ").status_code == 401
    assert hooked.fetches == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"X-GitHub-Event": "push"},
        {"X-GitHub-Event": "push", "X-Hub-Signature": "sha1=" + "0" * 40},
        {"X-Gitlab-Event": "Push Hook"},
        {"X-Gitlab-Event": "Push Hook", "X-Gitlab-Token": ""},
        {"X-Gitlab-Token": "é"},
        {"webhook-signature": "v1,", "webhook-timestamp": "1e9"},
        {"webhook-signature": "v1,x", "webhook-timestamp": "9" * 400},
    ],
)
def test_what_is_not_signed_is_refused(hooked: Hooked, headers: dict[str, str]) -> None:
    answer = hooked.send(headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "HookRefused")
    assert "webhook secret" in answer.json()["message"]


def test_a_signature_with_a_time_holds_for_five_minutes(hooked: Hooked) -> None:
    for moment in (int(time.time()) - 400, int(time.time()) + 400):
        assert hooked.send(gitlab_signed(hooked.secret, PUSH, moment)).status_code == 401
    assert hooked.send(gitlab_signed(hooked.secret, PUSH, int(time.time()) - 200)).status_code == 202


def test_a_webhook_that_is_sent_again_does_nothing_again(hooked: Hooked) -> None:
    first = hooked.signed()
    hooked.domain.work(Operation.objects.get(public_id=first.json()["operation"]))
    again = Operation.objects.get(public_id=hooked.signed().json()["operation"])
    assert "already. Nothing was published" in hooked.domain.work(again).outcome


@pytest.mark.parametrize(
    ("said", "is_fetched"),
    [
        ({"ref": "refs/heads/main"}, True),
        ({"ref": "refs/heads/other"}, False),
        ({"ref": "refs/heads/feature/main"}, False),
        ({"ref": "refs/tags/main"}, False),
        ({"ref": "refs/heads/main", "deleted": True}, False),
        ({"ref": "refs/heads/main", "after": "0" * 40}, False),
        ({"ref": ["refs/heads/main"]}, False),
        ({"push": {"changes": [{"new": None}, {"new": {"type": "branch", "name": "main"}}]}}, True),
        ({"push": {"changes": [{"new": {"type": "tag", "name": "main"}}]}}, False),
        ({"push": {"changes": "main"}}, False),
        ({"push": 1, "branch": "main"}, True),
        ({"branch": "other"}, False),
        ({}, True),
    ],
)
def test_the_branch_decides(hooked: Hooked, said: dict, is_fetched: bool) -> None:
    answer = hooked.signed(json.dumps(said).encode())
    assert answer.status_code == (202 if is_fetched else 200), answer.content
    assert hooked.fetches == int(is_fetched)
    if not is_fetched:
        assert answer.json()["message"] == "Ignored: it is no push to 'main', the branch that is deployed here."


def test_a_ping_is_answered_and_another_event_ignored(hooked: Hooked) -> None:
    ping = hooked.send(github(hooked.secret, b"{}", "ping"), b"{}")
    assert (ping.status_code, ping.json()["message"]) == (
        200,
        "The secret is right. A push to 'main' will be fetched.",
    )
    other = hooked.send(github(hooked.secret, PUSH, "issues"), PUSH)
    assert other.json()["message"] == "Ignored: 'issues' is no push."
    assert hooked.fetches == 0


def test_a_form_is_read_as_github_sends_it(hooked: Hooked) -> None:
    kind = "application/x-www-form-urlencoded"
    assert hooked.signed(urlencode({"payload": PUSH.decode()}).encode(), content_type=kind).status_code == 202
    other = urlencode({"payload": json.dumps({"ref": "refs/heads/other"})}).encode()
    assert hooked.signed(other, content_type=kind).status_code == 200


@pytest.mark.parametrize("body", [b"[]", b"{", b"\xff", b"1", b"[" * 100_000])
def test_a_signed_body_that_is_no_object_is_refused(hooked: Hooked, body: bytes) -> None:
    answer = hooked.signed(body)
    assert (answer.status_code, answer.json()["code"]) == (400, "PublicationRefused")
    assert hooked.fetches == 0


def test_a_stranger_cannot_tell_which_slots_are_connected(hooked: Hooked) -> None:
    headers = github("x", PUSH)
    told = [hooked.send(headers, HTTP_HOST=host) for host in (HOST, "contoso.scm.localhost", "nobody.scm.localhost")]
    assert {(one.status_code, one.json()["message"]) for one in told} == {
        (401, told[0].json()["message"]),
    }


def test_guessing_is_ended_and_a_right_signature_still_taken(hooked: Hooked) -> None:
    statuses = [hooked.send(github("x", PUSH)).status_code for _ in range(32)]
    assert statuses[:30] == [401] * 30 and statuses[30:] == [429, 429]
    assert hooked.signed().status_code == 202


def test_a_flood_of_right_ones_is_bounded(hooked: Hooked) -> None:
    answers = [hooked.signed() for _ in range(62)]
    assert [one.status_code for one in answers] == [202] * 60 + [429] * 2
    assert int(answers[-1]["Retry-After"]) > 0 and "use SYNC" in answers[-1].json()["message"]
    assert hooked.fetches == 1
    LimitBucket.objects.all().delete()
    assert hooked.signed().status_code == 202


def test_a_secret_that_was_replaced_no_longer_works(hooked: Hooked) -> None:
    SourceControl.objects.update(webhook_secret="another")
    assert hooked.signed().status_code == 401


def test_a_fetch_counts_as_a_deployment_that_goes_on(hooked: Hooked) -> None:
    def is_deploying() -> bool:
        own = basic(hooked.slot)
        return Client().get("/api/isdeploying", HTTP_HOST=HOST, **own).json()["value"]

    assert not is_deploying()
    operation = Operation.objects.get(public_id=hooked.signed().json()["operation"])
    assert is_deploying()
    hooked.domain.work(operation)
    assert not is_deploying()


def test_looking_fetches_nothing(hooked: Hooked) -> None:
    assert Client().get("/deploy", HTTP_HOST=HOST, headers=github(hooked.secret, b"")).status_code == 405


def test_a_program_with_the_slots_credentials_has_it_fetched(hooked: Hooked) -> None:
    own = basic(hooked.slot)
    for body in (b"", b"{}", json.dumps({"format": "basic", "url": URL, "branch": "main"}).encode()):
        assert hooked.send({}, body, **own).status_code == 202
    refused = hooked.send({}, json.dumps({"url": "https://evil.example/x.git"}).encode(), **own)
    assert (refused.status_code, refused.json()["code"]) == (400, "PublicationRefused")
    assert hooked.send({}, b"{}").status_code == 401
    SourceControl.objects.all().delete()
    assert hooked.send({}, b"{}", **own).json()["code"] == "NotConnected"
