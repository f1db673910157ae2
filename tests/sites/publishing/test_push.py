"""What the hook of a push asks is published under its commit, in words that act on nothing; the rest is refused."""

import asyncio
from pathlib import Path

import pytest

from sites.errors import ArchiveRefused, NoSpaceLeft, ServerFault, SlotBusy
from sites.models import Deployment, Operation, Slot
from sites.publishing import push
from sites.publishing.push import Push
from sites.services.publisher import Publisher
from tests.domain import Domain

COMMIT = "1" * 40


class Hook:
    """A job whose hook has asked; what it is told stands in `lines`."""

    has_asked = True

    def __init__(self, archive: Path | None, *, commit: str = COMMIT, branch: str = "main") -> None:
        self._archive = archive
        self._asked = (commit, branch, "Ada", "Fix\x1b[31m header")
        self.lines: list[str] = []
        self.verdict: bool | None = None

    def asked(self) -> tuple[str, str, str, str]:
        return self._asked

    def take_content(self) -> Path | None:
        return self._archive

    def tell(self, lines: list[str]) -> list[str]:
        self.lines += lines[:2]
        return lines[2:]

    def decide(self, *, is_published: bool) -> bool:
        self.verdict = is_published
        return True


@pytest.fixture
def staging(domain: Domain) -> Slot:
    return domain.staged()[1]


def pushed(slot: Slot) -> Push:
    return Push(slot, Publisher(slot.publishing_user), address="http://contoso-staging.localhost:8080/")


def test_a_commit_is_published_with_its_author_and_message(domain: Domain, staging: Slot) -> None:
    story = pushed(staging)._begin(Hook(domain.archive("three")))
    deployment = Deployment.objects.first()
    assert (deployment.commit, deployment.branch, deployment.author) == (COMMIT, "main", "Ada")
    assert deployment.message == "Fix\\x1b[31m header"
    assert story.operation.actor_name == "$contoso__staging"
    assert domain.work(story.operation).state == "succeeded"


@pytest.mark.parametrize(
    "values", [{"commit": "main"}, {"commit": "1" * 41}, {"commit": ""}, {"branch": "feature"}, {"branch": "x" * 500}]
)
def test_what_no_hook_of_ours_would_ask_is_refused(domain: Domain, staging: Slot, values: dict[str, str]) -> None:
    before = Deployment.objects.count()
    with pytest.raises(ArchiveRefused):
        pushed(staging)._begin(Hook(domain.archive("three"), **values))
    with pytest.raises(ArchiveRefused):
        pushed(staging)._begin(Hook(None))
    assert Deployment.objects.count() == before


def test_a_full_disk_and_a_fault_end_in_a_sentence(
    domain: Domain, staging: Slot, monkeypatch: pytest.MonkeyPatch
) -> None:
    for fault, wanted in ((OSError(28, "No space left"), NoSpaceLeft), (KeyError("x"), ServerFault)):

        def fail(fault: Exception = fault, **_: object) -> Operation:
            raise fault

        monkeypatch.setattr("sites.services.deployments.publish_zip", fail)
        with pytest.raises(wanted):
            pushed(staging)._begin(Hook(domain.archive("three")))


def test_a_fault_of_ours_is_told_and_keeps_no_hook_waiting(
    domain: Domain, staging: Slot, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(self: Push, job: Hook) -> bool:
        raise KeyError("x")

    monkeypatch.setattr(Push, "_publish", fail)
    monkeypatch.setattr(push, "LOOK_SECONDS", 0.0)
    hook = Hook(None)
    asyncio.run(asyncio.wait_for(pushed(staging).attend(hook), 60))
    assert hook.verdict is False
    assert "because of a fault of Greenroom itself" in hook.lines[0]


@pytest.mark.parametrize("is_published", [True, False])
def test_everything_is_told_before_the_verdict(
    domain: Domain, staging: Slot, monkeypatch: pytest.MonkeyPatch, is_published: bool
) -> None:
    async def publish(self: Push, job: Hook) -> bool:
        self._untold += ["one", "two", "three"]
        return is_published

    monkeypatch.setattr(Push, "_publish", publish)
    monkeypatch.setattr(push, "LOOK_SECONDS", 0.0)
    hook = Hook(None)
    asyncio.run(asyncio.wait_for(pushed(staging).attend(hook), 60))
    assert (hook.lines, hook.verdict) == (["one", "two", "three"], is_published)


def test_a_refusal_is_told_and_moves_nothing(domain: Domain, staging: Slot, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(self: Push, job: Hook) -> bool:
        raise SlotBusy("Somebody has the slot.\nTry again.")

    monkeypatch.setattr(Push, "_publish", refuse)
    monkeypatch.setattr(push, "LOOK_SECONDS", 0.0)
    hook = Hook(None)
    asyncio.run(asyncio.wait_for(pushed(staging).attend(hook), 60))
    assert (hook.lines, hook.verdict) == (["Somebody has the slot.", "Try again."], False)
