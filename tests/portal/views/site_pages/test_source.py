"""Set up deployment from source control: the dialog, the connection on Deployments, and its end."""

from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from sites.models import Operation, Slot, SourceControl
from tests.domain import Domain
from tests.portal.conftest import HTMX
from tests.portal.views.conftest import text
from tests.portal.views.site_pages.conftest import Address
from tests.sites.fetched_repository import COMMIT, URL, FetchedRepository, connect_source

TYPED = {"where": "gitea", "url": URL, "branch": "main", "user": "ada", "password": "hunter2-secret"}


@pytest.fixture
def repository(domain: Domain, settings: Settings, tmp_path: Path) -> FetchedRepository:
    settings.GIT_DIR = tmp_path / "git"
    return FetchedRepository(domain.runtime)


@pytest.fixture
def connected(domain: Domain, staging: Slot, repository: FetchedRepository) -> Slot:
    assert domain.work(connect_source(domain, staging, user="ada", password="hunter2-secret")).state == "succeeded"
    return staging


def test_the_dialog_asks_where_and_then_what(alice: Client, staging: Slot, address: Address) -> None:
    first = text(alice.get(address("source", staging)))
    assert "Where is your source code?" in first
    for place in ("GitHub", "GitLab", "Gitea", "Bitbucket", "External repository", "Local Git"):
        assert place in first
    second = text(alice.get(address("source", staging) + "?where=gitlab"))
    assert "Choose a repository to deploy" in second and 'name="where" value="gitlab"' in second
    assert "production site" not in second
    assert f"git push '{'http'}" in text(alice.get(address("source", staging) + "?where=local"))


def test_production_is_warned_of(alice: Client, production: Slot, address: Address) -> None:
    assert "straight to the production site" in text(alice.get(address("source", production) + "?where=github"))


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_slot_is_connected_and_the_first_fetch_begins(
    domain: Domain,
    alice: Client,
    staging: Slot,
    address: Address,
    repository: FetchedRepository,
    headers: dict[str, str],
) -> None:
    answer = alice.post(address("source", staging), TYPED, headers=headers)
    where = answer.headers.get("HX-Redirect") or answer.headers["Location"]
    assert where == address("deployments", staging)
    source = SourceControl.objects.get()
    assert (source.provider, source.url, source.user, source.password) == ("gitea", URL, "ada", "hunter2-secret")
    assert domain.work(source.last_fetch).state == "succeeded"
    shown = text(alice.get(where))
    assert f"<b>Commit:</b> {COMMIT[:10]} of <bdi>main</bdi>" in shown and "<b>Deployed by:</b> Gitea" in shown
    assert "/deploy" in shown and "hunter2" not in shown and str(source.webhook_secret) not in shown


def test_a_refusal_stands_in_the_dialog_with_what_was_typed_and_without_the_password(
    alice: Client, staging: Slot, address: Address
) -> None:
    answer = alice.post(address("source", staging), {**TYPED, "url": "file:///etc/passwd"})
    assert answer.status_code == 400
    assert "does not begin with https://, so nothing was saved" in text(answer)
    assert 'value="file:///etc/passwd"' in text(answer) and 'value="ada"' in text(answer)
    assert "hunter2" not in text(answer)
    assert not SourceControl.objects.exists()


def test_quick_glance_offers_the_set_up_and_then_the_end(
    alice: Client, bob: Client, staging: Slot, address: Address, domain: Domain, repository: FetchedRepository
) -> None:
    dashboard = address("dashboard", staging)
    assert "Set up deployment from source control" in text(alice.get(dashboard))
    domain.work(connect_source(domain, staging))
    assert "Disconnect from GitHub" in text(alice.get(dashboard))
    assert "source control" not in text(bob.get(dashboard))


def test_the_connection_stands_on_deployments_for_who_may_look(
    alice: Client, bob: Client, connected: Slot, address: Address
) -> None:
    page = address("deployments", connected)
    assert "Change the repository or branch" in text(alice.get(page)) and 'id="command-sync"' in text(alice.get(page))
    shown = text(bob.get(page))
    assert URL in shown and "Show the secret" not in shown and "Change the repository" not in shown
    assert 'id="why-sync"' in shown


def test_sync_fetches(domain: Domain, alice: Client, connected: Slot, address: Address) -> None:
    assert alice.post(address("source-sync", connected)).status_code == 303
    operation = SourceControl.objects.get().last_fetch
    assert operation.actor_name == "alice"
    assert "already. Nothing was published" in domain.work(operation).outcome
    assert "already. Nothing was published" in text(alice.get(address("deployments", connected)))


def test_sync_and_the_last_fetch_stay_true_when_something_has_changed(
    domain: Domain, alice: Client, connected: Slot, address: Address
) -> None:
    alice.post(address("source-sync", connected), headers=HTMX)
    domain.work(SourceControl.objects.get().last_fetch)
    page = text(alice.get(address("deployments", connected)))
    assert 'id="command-sync"' in page
    assert "already. Nothing was published" in page.partition('<section class="source" id="source"')[2]


@pytest.mark.parametrize("headers", [{}, {**HTMX, "HX-Target": "source-secret"}])
def test_the_webhook_secret_is_shown_when_asked_for(
    alice: Client, connected: Slot, address: Address, headers: dict[str, str]
) -> None:
    secret = str(SourceControl.objects.get().webhook_secret)
    assert secret in text(alice.post(address("source-secret", connected), headers=headers))
    assert Operation.objects.filter(outcome="The webhook secret of 'contoso (staging)' was shown.").exists()


def test_the_webhook_secret_is_replaced_after_a_question(alice: Client, connected: Slot, address: Address) -> None:
    before = str(SourceControl.objects.get().webhook_secret)
    assert "Are you sure" in text(alice.get(address("source-secret-reset", connected)))
    assert str(SourceControl.objects.get().webhook_secret) == before
    alice.post(address("source-secret-reset", connected))
    assert str(SourceControl.objects.get().webhook_secret) != before


def test_changing_the_branch_keeps_the_password_unless_it_is_to_be_forgotten(
    alice: Client, connected: Slot, address: Address
) -> None:
    page = text(alice.get(address("source", connected)))
    assert f'value="{URL}"' in page and "the present one is kept" in page and "hunter2" not in page
    alice.post(address("source", connected), {**TYPED, "branch": "release", "password": ""})
    assert (SourceControl.objects.get().branch, SourceControl.objects.get().password) == ("release", "hunter2-secret")
    alice.post(address("source", connected), {**TYPED, "password": "", "forget_password": "on"})
    assert SourceControl.objects.get().password == ""


def test_disconnecting_asks_first(alice: Client, connected: Slot, address: Address) -> None:
    assert f"disconnect 'contoso (staging)' from {URL}" in text(alice.get(address("source-disconnect", connected)))
    assert SourceControl.objects.exists()
    assert alice.post(address("source-disconnect", connected)).status_code == 303
    assert not SourceControl.objects.exists()
    assert alice.get(address("source-disconnect", connected)).status_code == 404
    assert alice.post(address("source-sync", connected)).status_code == 404


def test_readers_and_strangers_get_nothing(bob: Client, charlie: Client, connected: Slot, address: Address) -> None:
    for name in ("source", "source-disconnect", "source-secret-reset"):
        assert bob.get(address(name, connected)).status_code == 403
        assert charlie.get(address(name, connected)).status_code == 404
    for name in ("source", "source-sync", "source-disconnect", "source-secret", "source-secret-reset"):
        assert bob.post(address(name, connected), TYPED).status_code == 403
        assert charlie.post(address(name, connected), TYPED).status_code == 404
