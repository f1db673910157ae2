"""Deployment from source control, by programs."""

from pathlib import Path

import pytest
from pytest_django import Settings

from sites.models import Slot, SourceControl
from tests.domain import Domain
from tests.sites.api.program import Program, operation_of, program_of
from tests.sites.fetched_repository import COMMIT, URL, FetchedRepository

OF_STAGING = "/sites/contoso/slots/staging/source-control"


@pytest.fixture(autouse=True)
def _repository(domain: Domain, settings: Settings, tmp_path: Path, slots: tuple[Slot, Slot]) -> FetchedRepository:
    settings.GIT_DIR = tmp_path / "git"
    return FetchedRepository(domain.runtime)


def test_a_slot_is_connected_fetched_and_disconnected(domain: Domain, program: Program) -> None:
    assert (program.get(OF_STAGING).status_code, program.get(OF_STAGING).json()["code"]) == (404, "NotConnected")
    body = {"url": URL, "branch": "main", "provider": "gitlab", "user": "ada", "password": "secret"}
    assert domain.work(operation_of(program.put(OF_STAGING, body))).state == "succeeded"
    shown = program.get(OF_STAGING).json()
    assert (shown["url"], shown["provider"], shown["user"], shown["has_password"]) == (URL, "gitlab", "ada", True)
    assert shown["webhook_url"] == "http://contoso-staging.scm.localhost:8080/deploy"
    assert shown["webhook_secret"] is None and "secret" not in str([v for k, v in shown.items() if k != "webhook_url"])
    secret = program.get(f"{OF_STAGING}?reveal=true").json()["webhook_secret"]
    assert secret == SourceControl.objects.get().webhook_secret
    operation_of(program.post(f"{OF_STAGING}/webhook-secret/reset"))
    assert program.get(f"{OF_STAGING}?reveal=true").json()["webhook_secret"] != secret
    again = domain.work(operation_of(program.post(f"{OF_STAGING}/sync")))
    assert COMMIT[:10] in again.outcome and "already" in again.outcome
    assert operation_of(program.delete(OF_STAGING)).state == "succeeded"
    assert program.post(f"{OF_STAGING}/sync").status_code == 404


def test_the_password_is_kept_where_none_is_sent(domain: Domain, program: Program) -> None:
    domain.work(operation_of(program.put(OF_STAGING, {"url": URL, "user": "ada", "password": "secret"})))
    domain.work(operation_of(program.put(OF_STAGING, {"url": URL, "user": "ada", "branch": "release"})))
    assert (SourceControl.objects.get().password, SourceControl.objects.get().branch) == ("secret", "release")
    operation_of(program.put(OF_STAGING, {"url": URL, "user": "ada", "password": ""}))
    assert program.get(OF_STAGING).json()["has_password"] is False


@pytest.mark.parametrize("body", [{}, {"url": "file:///etc"}, {"url": URL, "branch": "-x"}, {"url": URL, "key": "x"}])
def test_what_cannot_be_taken_is_refused(program: Program, body: dict[str, str]) -> None:
    assert program.put(OF_STAGING, body).status_code in (400, 422)
    assert not SourceControl.objects.exists()


def test_a_token_does_what_its_scope_says(domain: Domain, program: Program) -> None:
    domain.work(operation_of(program.put(OF_STAGING, {"url": URL})))
    publisher, reader = program_of(domain.alice, "publish"), program_of(domain.alice, "read")
    assert publisher.post(f"{OF_STAGING}/sync").status_code == 202
    for asked in (
        reader.post(f"{OF_STAGING}/sync"),
        publisher.put(OF_STAGING, {"url": URL}),
        publisher.delete(OF_STAGING),
        publisher.get(f"{OF_STAGING}?reveal=true"),
        publisher.post(f"{OF_STAGING}/webhook-secret/reset"),
    ):
        assert (asked.status_code, asked.json()["code"]) == (403, "ScopeMissing")
    assert reader.get(OF_STAGING).status_code == 200
    assert program_of(domain.charlie).get(OF_STAGING).status_code == 404
