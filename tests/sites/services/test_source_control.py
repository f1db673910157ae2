"""Deployment from source control: connecting, fetching, disconnecting, and what a fetch does to the slot."""

import socket
from pathlib import Path

import pytest
from django.db import connection
from pytest_django import Settings

from sites.errors import NotAllowed, NotConnected, NotFound, SettingRefused, SourceRefused
from sites.models import Operation, Slot, SourceControl
from sites.repositories import fetching
from sites.services import slots, source_control
from sites.services.publisher import Publisher
from sites.services.swaps import complete_swap, request_swap
from tests.domain import Domain
from tests.sites.fetched_repository import COMMIT, URL, FetchedRepository, connect_source

HOOK = Publisher("GitHub (webhook)")


@pytest.fixture
def repository(domain: Domain, settings: Settings, tmp_path: Path) -> FetchedRepository:
    settings.GIT_DIR = tmp_path / "git"
    return FetchedRepository(domain.runtime)


def sync(slot: Slot, publisher: Publisher = HOOK) -> Operation:
    return source_control.sync(publisher=publisher, slot=Slot.objects.get(pk=slot.pk))


def test_connecting_fetches_and_publishes_with_commit_message_and_author(
    domain: Domain, repository: FetchedRepository
) -> None:
    _, staging = domain.staged()
    operation = domain.work(connect_source(domain, staging))
    assert operation.state == "succeeded", operation.outcome
    assert operation.outcome.startswith(f"Fetched commit {COMMIT[:10]}. Published 'New colours' to 'contoso (staging)'")
    deployment = Slot.objects.get(pk=staging.pk).current_workload.active_deployment
    assert (deployment.commit, deployment.branch, deployment.author) == (COMMIT, "main", "Ada")
    assert (deployment.message, deployment.deployer, operation.actor_name) == ("New colours", "GitHub", "alice")
    assert domain.serves("contoso-staging.localhost") == "New colours"
    assert fetching.kept() == [] and domain.runtime.runs == {}
    said = Operation.objects.filter(site=staging.site).values_list("outcome", flat=True)
    assert f"'contoso (staging)' is deployed from 'main' of {URL} now." in said


def test_what_is_served_already_is_not_published_again(domain: Domain, repository: FetchedRepository) -> None:
    _, staging = domain.staged()
    domain.work(connect_source(domain, staging))
    before, deployments = Slot.objects.get(pk=staging.pk), staging.deployments.count()
    operation = domain.work(sync(staging))
    assert (operation.state, operation.outcome) == (
        "succeeded",
        f"'contoso (staging)' serves the newest commit, {COMMIT[:10]}, already. Nothing was published.",
    )
    after = Slot.objects.get(pk=staging.pk)
    assert after.live_revision_id == before.live_revision_id
    assert after.deployments.count() == deployments


def test_a_burst_of_webhooks_is_one_fetch_behind_the_present_one(domain: Domain, repository: FetchedRepository) -> None:
    _, staging = domain.staged()
    first = connect_source(domain, staging)
    while not repository.runs:
        domain.look(first)
    operations = {sync(staging).pk for _ in range(20)}
    assert len(operations) == 1 and first.pk not in operations
    domain.work(first)
    repository.commit = "b" * 40
    second = domain.work(Operation.objects.get(pk=operations.pop()))
    assert second.state == "succeeded", second.outcome
    assert len(repository.runs) == 2
    assert Slot.objects.get(pk=staging.pk).current_workload.active_deployment.commit == "b" * 40


def test_a_fetch_waits_for_whatever_has_the_slot(domain: Domain, repository: FetchedRepository) -> None:
    production, staging = domain.staged()
    domain.work(connect_source(domain, staging))
    swap = request_swap(acting_user=domain.alice, source=staging, target=production, with_preview=True)
    while swap.state != "waiting":
        domain.look(swap)
    repository.commit = "b" * 40
    waiting = sync(staging)
    domain.look(waiting)
    assert waiting.step == "queued"
    assert waiting.steps.get(step="queued").sentence == "the swap of alice goes first: showing the preview"
    complete_swap(acting_user=domain.alice, operation=swap)
    assert domain.work(swap).state == "succeeded"
    assert domain.work(waiting).state == "succeeded", waiting.outcome
    assert Slot.objects.get(pk=staging.pk).current_workload.active_deployment.commit == "b" * 40
    assert domain.serves("contoso.localhost") == "New colours"


def test_a_fetch_whose_slot_is_deleted_ends_with_a_sentence(domain: Domain, repository: FetchedRepository) -> None:
    _, staging = domain.staged()
    domain.work(connect_source(domain, staging))
    deletion = slots.delete_staging(acting_user=domain.alice, slot=Slot.objects.get(pk=staging.pk))
    waiting = sync(staging)
    assert domain.work(deletion).state == "succeeded"
    assert domain.work(waiting).state == "failed"
    assert waiting.outcome.endswith(
        "was not begun: 'contoso (staging)' was deleted meanwhile. There is nothing left to do."
    )


def test_a_build_that_fails_leaves_the_slot_serving(domain: Domain, repository: FetchedRepository) -> None:
    _, staging = domain.staged()
    domain.work(connect_source(domain, staging))
    repository.commit, repository.files = "b" * 40, {"requirements.txt": "flask", "Procfile": "web: gunicorn app:app"}
    domain.runtime.run_exit_code = 1
    domain.runtime.end_run_with(f"fetch-{sync(staging).public_id.hex}", 0)
    operation = domain.work(SourceControl.objects.get().last_fetch)
    assert operation.error_code == "BuildFailed", operation.outcome
    assert domain.serves("contoso-staging.localhost") == "New colours"


def test_a_fetch_that_fails_says_why_and_what_git_said(domain: Domain, repository: FetchedRepository) -> None:
    _, staging = domain.staged()
    connecting = connect_source(domain, staging, branch="release")
    domain.runtime.end_run_with(f"fetch-{connecting.public_id.hex}", 3)
    operation = domain.work(connecting)
    assert operation.error_code == "FetchFailed"
    assert operation.outcome.startswith(f"'release' of {URL} could not be fetched: the repository has no such branch.")
    assert "'contoso (staging)' goes on serving 'two'" in operation.outcome
    assert domain.serves("contoso-staging.localhost") == "two"
    assert fetching.kept() == []


def test_a_host_inside_is_not_asked(domain: Domain, repository: FetchedRepository) -> None:
    _, staging = domain.staged()
    operation = domain.work(connect_source(domain, staging, url="https://169.254.169.254/latest/meta-data"))
    assert "leads to 169.254.169.254, where clouds tell a machine its secrets" in operation.outcome
    assert repository.runs == []


def test_a_name_server_that_is_away_for_a_moment_is_asked_again(
    domain: Domain, repository: FetchedRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, staging = domain.staged()
    answers = [socket.gaierror(socket.EAI_AGAIN, "try again"), [(socket.AF_INET, 1, 6, "", ("192.0.2.7", 443))]]

    def look_up(*_: object, **__: object) -> list:
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    operation = domain.work(connect_source(domain, staging, url="https://git.example.org/site.git"))
    assert operation.state == "succeeded", operation.outcome


def test_content_that_is_refused_is_refused_with_its_sentence(domain: Domain, repository: FetchedRepository) -> None:
    _, staging = domain.staged()
    repository.files = {"../outside": "x"}
    operation = domain.work(connect_source(domain, staging))
    assert operation.error_code == "ArchiveRefused"
    assert domain.serves("contoso-staging.localhost") == "two"


def test_with_auto_swap_it_goes_on_into_production(domain: Domain, repository: FetchedRepository) -> None:
    _, staging = domain.staged()
    slots.change_swap_settings(acting_user=domain.alice, slot=staging, is_auto_swapped=True)
    operation = domain.work(connect_source(domain, Slot.objects.get(pk=staging.pk)))
    assert operation.state == "succeeded", operation.outcome
    assert domain.serves("contoso.localhost") == "New colours"
    assert domain.serves("contoso-staging.localhost") == "one"


def test_the_connection_stays_with_the_slot_on_a_swap(domain: Domain, repository: FetchedRepository) -> None:
    production, staging = domain.staged()
    domain.work(connect_source(domain, staging))
    assert domain.swap(Slot.objects.get(pk=staging.pk), production).state == "succeeded"
    assert source_control.connected(production) is None
    assert source_control.connected(staging).url == URL
    # Staging serves the former production now, so the newest commit is published there again
    assert domain.work(sync(staging)).state == "succeeded"
    assert domain.serves("contoso-staging.localhost") == "New colours"


def test_disconnecting_forgets_everything_and_serves_on(domain: Domain, repository: FetchedRepository) -> None:
    _, staging = domain.staged()
    domain.work(connect_source(domain, staging, user="ada", password="secret"))
    operation = source_control.disconnect(acting_user=domain.alice, slot=staging)
    assert operation.outcome == f"'contoso (staging)' is no longer deployed from {URL}. It serves what it did."
    assert not SourceControl.objects.exists()
    assert domain.serves("contoso-staging.localhost") == "New colours"
    for ask in (lambda: sync(staging), lambda: source_control.disconnect(acting_user=domain.alice, slot=staging)):
        with pytest.raises(NotConnected):
            ask()


def test_disconnecting_cancels_a_fetch_that_goes_on(domain: Domain, repository: FetchedRepository) -> None:
    _, staging = domain.staged()
    fetch = connect_source(domain, staging)
    while not repository.runs:
        domain.look(fetch)
    source_control.disconnect(acting_user=domain.alice, slot=staging)
    assert domain.work(fetch).state == "cancelled"
    assert domain.serves("contoso-staging.localhost") == "two"


def test_what_is_changed_while_it_is_fetched_stops_the_fetch(domain: Domain, repository: FetchedRepository) -> None:
    _, staging = domain.staged()
    first = connect_source(domain, staging)
    while not repository.runs:
        domain.look(first)
    second = connect_source(domain, staging, branch="release")
    assert "connected to another repository or branch" in domain.work(first).outcome
    assert domain.work(second).state == "succeeded"
    source_control.disconnect(acting_user=domain.alice, slot=staging)


def test_a_password_is_encrypted_and_sent_to_its_host_only(domain: Domain, repository: FetchedRepository) -> None:
    _, staging = domain.staged()
    domain.work(connect_source(domain, staging, user="ada", password="hunter2-secret"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT password, webhook_secret FROM sites_sourcecontrol")
        assert all(value.startswith("gAAAA") for value in cursor.fetchone())
    assert "hunter2" not in str(Operation.objects.values_list("outcome", "target"))
    kept = {"branch": "release", "user": "ada"}
    connect_source(domain, staging, **kept)
    assert SourceControl.objects.get().password == "hunter2-secret"
    for other in (
        {**kept, "url": "https://192.0.2.8/team/site.git"},
        {**kept, "url": "https://192.0.2.7:444/team/site.git"},
        {"user": "bob"},
    ):
        connect_source(domain, staging, user="ada", password="hunter2-secret")
        connect_source(domain, staging, **other)
        assert SourceControl.objects.get().password == "", other


def test_the_secret_stays_until_it_is_replaced(domain: Domain, repository: FetchedRepository) -> None:
    _, staging = domain.staged()
    domain.work(connect_source(domain, staging))
    secret = source_control.reveal_webhook_secret(acting_user=domain.alice, slot=staging)
    assert len(secret) == 50 and secret.startswith("whsec_")
    connect_source(domain, staging, branch="release")
    assert source_control.connected(staging).webhook_secret == secret
    source_control.reset_webhook_secret(acting_user=domain.alice, slot=staging)
    assert source_control.connected(staging).webhook_secret != secret
    said = list(Operation.objects.values_list("outcome", flat=True))
    assert "The webhook secret of 'contoso (staging)' was shown." in said
    assert not any(secret in one for one in said)


@pytest.mark.parametrize(
    "values",
    [
        {"provider": "sourceforge"},
        {"url": "file:///etc/passwd"},
        {"branch": "--upload-pack=x"},
        {"branch": "a b"},
        {"branch": ""},
        {"user": "a:b"},
        {"user": "x" * 101},
        {"password": "x" * 5000},
        {"password": "a\x00b"},
    ],
)
def test_what_cannot_be_taken_is_refused_and_nothing_is_saved(domain: Domain, values: dict[str, str]) -> None:
    _, staging = domain.staged()
    with pytest.raises(SettingRefused):
        connect_source(domain, staging, **values)
    assert not SourceControl.objects.exists()


def test_readers_and_strangers_change_nothing(domain: Domain, repository: FetchedRepository) -> None:
    _, staging = domain.staged()
    domain.work(connect_source(domain, staging))
    for person, refusal in ((domain.bob, NotAllowed), (domain.charlie, NotFound)):
        for ask in (
            lambda person=person: connect_source(domain, staging, acting_user=person),
            lambda person=person: source_control.disconnect(acting_user=person, slot=staging),
            lambda person=person: sync(staging, Publisher("x", person)),
            lambda person=person: source_control.reveal_webhook_secret(acting_user=person, slot=staging),
            lambda person=person: source_control.reset_webhook_secret(acting_user=person, slot=staging),
        ):
            with pytest.raises(refusal):
                ask()


def test_http_that_is_not_allowed_any_more_fails_the_fetch(
    domain: Domain, repository: FetchedRepository, settings: Settings
) -> None:
    _, staging = domain.staged()
    settings.SOURCE_CONTROL_HTTP = True
    operation = connect_source(domain, staging, url="http://192.0.2.7/site.git")
    settings.SOURCE_CONTROL_HTTP = False
    assert domain.work(operation).error_code == "FetchFailed"
    with pytest.raises(SourceRefused):
        connect_source(domain, staging, url="http://192.0.2.7/site.git")
