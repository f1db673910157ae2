"""What the fast tests of the domain share: a cast, a finished site, and a worker that works at once."""

import socket
import zipfile
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from sites import routing
from sites.jobs import retire
from sites.models import (
    Category,
    Membership,
    Operation,
    Revision,
    RevisionState,
    Role,
    RouterNode,
    Site,
    Slot,
    Step,
    Subscription,
)
from sites.models.clock import now
from sites.operations import claims, machine
from sites.operations.stages import STAGES
from sites.operations.steps import warm_up
from sites.router import get_router
from sites.runtime.agent.identity import boot_id
from sites.runtime.registry import get_runtime
from sites.services import deployments, slots, swaps
from sites.services import sites as site_services
from sites.services.rollback import request_roll_back
from sites.services.settings import Entry, save_settings
from tests.fakes.router import MemoryRouter
from tests.fakes.runtime import MemoryRuntime
from tests.prepared import count_anew, prepare

DEAD = f"{socket.gethostname()}/{boot_id()}/{2**22 + 1}/1/1"
"""The claim of a worker that is no more: there is no such process id."""


@dataclass
class Domain:
    """An installation in memory: Alice owns, Bob reads, Charlie is a stranger."""

    folder: Path
    alice: User
    bob: User
    charlie: User
    subscription: Subscription

    @property
    def answers(self) -> dict[int, str | None]:
        """Revision id → what its instances answer to a probe, None: nothing; others answer 200."""
        return self.runtime.answers

    @answers.setter
    def answers(self, answers: dict[int, str | None]) -> None:
        self.runtime.answers = answers

    @property
    def router(self) -> MemoryRouter:
        return get_router()

    @property
    def runtime(self) -> MemoryRuntime:
        return get_runtime()

    def work(self, operation: Operation) -> Operation:
        """Take the operation to its end, as a worker would."""
        for _ in range(50):
            operation.refresh_from_db()
            if not operation.is_open:
                return operation
            self.look(operation)
        raise AssertionError(f"{operation} is still open at {operation.step}")

    def look(self, operation: Operation) -> Operation:
        """One slice of work; the operation may still be open afterwards."""
        Operation.objects.filter(pk=operation.pk).update(due_at=now())
        machine.run(operation.pk, operation.attempt, claim=claims.new_claim(), again=lambda *_: None)
        operation.refresh_from_db()
        return operation

    def bury(self, operation: Operation) -> Operation:
        """The worker that had the operation is dead, and the tick has noticed."""
        Operation.objects.filter(pk=operation.pk).exclude(claimed_by="").update(claimed_by=DEAD)
        assert operation in claims.take_from_lost()
        operation.refresh_from_db()
        return operation

    def create(self, name: str = "contoso", **values: object) -> Site:
        operation = site_services.create_site(
            acting_user=self.alice, subscription=self.subscription, name=name, **values
        )
        assert self.work(operation).state == "succeeded", operation.outcome
        return Site.objects.get(name=name)

    def enable(self, site: Site) -> Slot:
        operation = slots.enable_staged_publishing(acting_user=self.alice, site=site)
        assert self.work(operation).state == "succeeded", operation.outcome
        return site.slots.get(name="staging")

    def archive(self, text: str, **files: str) -> Path:
        path = self.folder / "content.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("index.html", text)
            for name, content in files.items():
                archive.writestr(name, content)
        return path

    def publish(self, slot: Slot, text: str) -> Operation:
        return self.work(self.ask_to_publish(slot, text))

    def ask_to_publish(self, slot: Slot, text: str) -> Operation:
        return deployments.publish_zip(
            acting_user=self.alice,
            author="alice",
            slot=slot,
            archive=self.archive(text),
            message=text,
            deployer="Portal",
        )

    def save(self, slot: Slot, *entries: Entry, category: str = Category.APP_SETTINGS) -> None:
        """These are the slot's entries of the category from now on, and in force."""
        operation = save_settings(acting_user=self.alice, slot=slot, category=category, entries=entries)
        assert self.work(operation).state == "succeeded", operation.outcome
        slot.refresh_from_db()

    def swap(self, source: Slot, target: Slot) -> Operation:
        return self.work(swaps.request_swap(acting_user=self.alice, source=source, target=target))

    def roll_back(self, site: Site, *, to_unaltered: bool = False) -> Operation:
        return self.work(request_roll_back(acting_user=self.alice, site=site, to_unaltered=to_unaltered))

    def staged(self, name: str = "contoso") -> tuple[Slot, Slot]:
        """A site with 'one' in production and 'two' in staging."""
        prepare(f"staged {name}", lambda: self._stage(name))
        return self._slots(name)

    def marked(self) -> tuple[Slot, Slot]:
        """The same with a sticky mark of its own in each slot, so that a swap can use no running instance again."""
        prepare("marked", self._mark)
        return self._slots("contoso")

    def swapped(self) -> tuple[Slot, Slot]:
        """The same after one swap, for which both slots got new instances."""
        prepare("swapped", self._swap_marked)
        return self._slots("contoso")

    def _stage(self, name: str) -> None:
        site = self.create(name)
        staging = self.enable(site)
        assert self.publish(site.slots.get(is_production=True), "one").state == "succeeded"
        assert self.publish(staging, "two").state == "succeeded"

    def _mark(self) -> None:
        for slot in self.staged():
            self.save(slot, Entry("MARK", slot.name, is_sticky=True))

    def _swap_marked(self) -> None:
        production, staging = self.marked()
        operation = self.swap(staging, production)
        assert operation.state == "succeeded", operation.outcome

    def _slots(self, name: str) -> tuple[Slot, Slot]:
        """Production and staging of a site."""
        site = Site.objects.get(name=name)
        return site.slots.get(is_production=True), site.slots.get(is_production=False)

    def serves(self, host: str) -> str | None:
        """The message of the deployment that a request to `host` would reach; None for a page of the router."""
        route = self.router.answer(host)
        if route is None or route.cluster is None:
            return None
        deployment = self.revision_behind(host).deployment
        return deployment.message if deployment else "placeholder"

    def revision_behind(self, host: str) -> Revision:
        """The revision whose instances a request to `host` would reach."""
        return Revision.objects.get(pk=int(self.router.answer(host).cluster[1:]))

    def answer_everything(self, answer: str) -> None:
        """From now on every instance answers a warm-up so."""
        self.answers = defaultdict(lambda: answer)

    def retire(self) -> None:
        """Let the tick's retirement look once."""
        retire.run()

    def settle(self) -> None:
        """All that leaves has ended."""
        leaving = Revision.objects.filter(state__in=[RevisionState.DRAINING, RevisionState.STOPPING])
        leaving.update(state=RevisionState.STOPPED, wanted_count=0)


def make_domain(folder: Path, monkeypatch: object) -> Domain:
    """A fresh installation with the memory adapters."""
    count_anew()
    get_router.cache_clear()
    get_runtime.cache_clear()
    get_router().use_tables(routing.table_of)
    RouterNode.objects.create(node_id="router-1", last_seen_at=now())
    alice, bob, charlie = (User.objects.create_user(name, password=name) for name in ("alice", "bob", "charlie"))
    subscription = Subscription.objects.create(name="Default")
    Membership.objects.create(subscription=subscription, user=alice, role=Role.OWNER)
    Membership.objects.create(subscription=subscription, user=bob, role=Role.READER)
    domain = Domain(folder, alice, bob, charlie, subscription)
    monkeypatch.setattr(warm_up, "PAUSE_SECONDS", 0.0)
    return domain


def alter_stage(monkeypatch: pytest.MonkeyPatch, step: Step, **changes: object) -> None:
    """The stage of that step is another one from now on."""
    monkeypatch.setitem(STAGES, step, replace(STAGES[step], **changes))
