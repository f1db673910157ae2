"""Which branch a slot deploys, and which commit it serves."""

import pytest

from sites.errors import NotAllowed, SettingRefused
from sites.models import Deployment, Slot
from sites.services import deployments
from sites.services.commits import change_deploy_branches, served_commit
from sites.services.publisher import Publisher
from tests.domain import Domain

COMMIT = "1" * 40


@pytest.fixture
def slots(domain: Domain) -> tuple[Slot, Slot]:
    return domain.staged()


def push(domain: Domain, slot: Slot, commit: str, text: str = "three") -> None:
    operation = deployments.publish_zip(
        acting_user=None,
        author="Ada",
        actor_name=slot.publishing_user,
        slot=slot,
        archive=domain.archive(text),
        message=text,
        deployer="Git",
        commit=commit,
        branch="main",
    )
    assert domain.work(operation).state == "succeeded"
    slot.refresh_from_db()


def test_a_slot_serves_the_commit_that_was_pushed_to_it(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    production, staging = slots
    assert served_commit(staging) == ("", "")
    push(domain, staging, COMMIT)
    assert served_commit(staging) == ("main", COMMIT)
    assert served_commit(production) == ("", "")
    deployment = Deployment.objects.get(commit=COMMIT)
    assert (deployment.author, deployment.operation.actor_name) == ("Ada", "$contoso__staging")


def test_the_commit_goes_with_a_swap(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    production, staging = slots
    push(domain, staging, COMMIT)
    domain.swap(staging, production)
    for slot in slots:
        slot.refresh_from_db()
    assert served_commit(production) == ("main", COMMIT)
    assert served_commit(staging) == ("", "")


def test_a_zip_leaves_the_commit_where_it_is(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    push(domain, slots[1], COMMIT)
    domain.publish(slots[1], "a zip")
    slots[1].refresh_from_db()
    assert served_commit(slots[1]) == ("main", COMMIT)


def test_the_branch_to_deploy_is_a_setting_of_the_slot(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    assert slots[1].branches == ("main", "master")
    operation = change_deploy_branches(
        publisher=Publisher("alice", domain.alice), slot=slots[1], names="release/1.0, main main"
    )
    assert operation.outcome == "Saved for 'contoso (staging)': a push to release/1.0 or main is deployed."
    for slot in slots:
        slot.refresh_from_db()
    assert slots[1].branches == ("release/1.0", "main")
    assert slots[0].branches == ("main", "master")


@pytest.mark.parametrize("names", ["", "a b c d e f", "-x", "a..b", "a b;c", "x.lock", "a/", ".a", "a/.b", "$(x)", "ü"])
def test_no_other_name_is_a_branch_to_deploy(domain: Domain, slots: tuple[Slot, Slot], names: str) -> None:
    with pytest.raises(SettingRefused, match="nothing was saved"):
        change_deploy_branches(publisher=Publisher("alice", domain.alice), slot=slots[1], names=names)


def test_a_reader_changes_no_branch(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    with pytest.raises(NotAllowed):
        change_deploy_branches(publisher=Publisher("bob", domain.bob), slot=slots[1], names="main")
