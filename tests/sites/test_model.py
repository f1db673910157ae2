"""Random lives of a site against a simple model of who serves what.

Workers die at any statement, every step meets every exception, and versions that served fall ill.
"""

import copy
import itertools
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings, settings
from django.db import transaction
from django.db.models import F
from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test

from sites import routing
from sites.jobs import reconcile, retire
from sites.models import Category, Operation, OperationState, Revision, Site, Slot, Step
from sites.models.clock import now
from sites.operations import claims, machine, retention
from sites.operations.kinds import kind_of
from sites.services.deployments import publish_zip
from sites.services.settings import save_settings
from tests.deaths import Killed, dying_after
from tests.domain import Domain
from tests.fakes.router import MemoryNode
from tests.lives.asking import AT_FIRST, NAMES
from tests.lives.fates import Fate
from tests.lives.faults import FAULTS, Breaking, Fault
from tests.lives.illnesses import ILLNESSES, Illnesses
from tests.lives.model import Place
from tests.lives.rules import SLOTS, Life, exists, wanted_settings
from tests.sites.operations.inventory import Inventory, take_inventory
from tests.sites.operations.scenes import let_time_pass

HOUR = timedelta(hours=1)
TIMES = ("released_at", "drain_deadline", "idle_since", "retained_until")


class LifeInMemory(Life):
    """Router and runtime are imagined, workers die at any statement, and hours pass at once."""

    def __init__(self, domain: Domain) -> None:
        super().__init__(domain.alice, "contoso")
        self.domain = domain
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.memory = copy.deepcopy((domain.router.nodes, vars(domain.runtime)))
        self.contents = domain.folder / "contents of a former life"
        shutil.copytree(settings.CONTENT_DIR, self.contents)
        self.illnesses = Illnesses(domain.runtime)
        self.faults: list[Fault | None] = []
        self.breaking: Breaking | None = None
        self.might_fail = False
        self.seen = routing.all_tables()

    @property
    def node(self) -> MemoryNode:
        return self.domain.router.nodes["router-1"]

    def teardown(self) -> None:
        """Everything is as it was before this life."""
        transaction.set_rollback(True)
        self.transaction.__exit__(None, None, None)
        self.domain.runtime.recover()
        self.domain.router.nodes, runtime = self.memory
        vars(self.domain.runtime).update(runtime)
        self.domain.answers = {}
        shutil.rmtree(settings.CONTENT_DIR)
        self.contents.rename(settings.CONTENT_DIR)

    # What happens by itself

    @initialize(faults=st.lists(st.none() | FAULTS, min_size=20, max_size=20))
    def some_things_are_going_to_break(self, faults: list[Fault | None]) -> None:
        """Each of the next operations meets one of them, or none."""
        self.faults = list(faults)

    @exists
    @rule(name=SLOTS, illness=ILLNESSES)
    def a_version_falls_ill(self, name: str, illness: str) -> None:
        place = self.model.place(name)
        if place is not None and place.cargo.content is not None:
            self.illnesses.afflict(place.cargo.content, illness)
            reconcile.run()

    @rule()
    def every_version_is_well_again(self) -> None:
        self.illnesses.cure()
        reconcile.run()

    @exists
    @rule(name=SLOTS, illness=ILLNESSES)
    def a_bad_release_is_published(self, name: str, illness: str) -> None:
        """Where instances run it fails, so the model stays as it is."""
        text = next(self.texts)
        self.illnesses.afflict(text, illness)
        values = {"author": "alice", "archive": self.archive(text), "message": text, "deployer": "Portal"}
        request = lambda slot: publish_zip(slot=slot, **self.asked_by, **values)  # noqa: E731
        if self.ask(name, request, Fate(), is_taken=self.model.may_publish(name)):
            self.model.publish(name, text)

    @rule()
    def an_hour_passes(self) -> None:
        """Windows and drains end; only what is served or about to be is left running."""
        for _ in range(4):
            self.let_an_hour_pass()
        wanted = set(Revision.objects.filter(live_slots__isnull=False).values_list("pk", flat=True))
        if self.preview is not None:
            changes = self.preview.changes.values_list("revision_before", "revision_after")
            wanted |= {pk for pair in changes for pk in pair}
        running = {status.revision_id for status in self.domain.runtime.observe()}
        assert running == wanted

    def let_an_hour_pass(self) -> None:
        Revision.objects.update(**{name: F(name) - HOUR for name in TIMES})
        retention.end_windows()
        retire.run()

    @rule()
    def the_agent_forgets(self) -> None:
        """A machine was lost with all its instances; the next comparison orders them again."""
        self.domain.runtime.wanted.clear()
        reconcile.run()

    # How it is worked on

    def archive(self, text: str) -> Path:
        """See Life."""
        return self.domain.archive(text)

    def carry_out(self, request: Callable[[], Operation], fate: Fate) -> Operation:
        """See Life; every fate is played. What fails leaves everything as it was."""
        before = self.inventory() if fate.may_fail or self.faults or self.illnesses.are_any else None
        newest = Operation.objects.order_by("pk").last()
        operation = request()
        is_new = operation.pk > newest.pk
        if fate.has_rival:
            self.refuse_rival()
        if fate.is_answered_badly:
            self.domain.answer_everything("500")
        fault = self.faults.pop() if self.faults else None
        self.breaking = Breaking(fault, operation) if fault else None
        with self.routers_refusing(fate.refused_from), self.breaking.going_on() if self.breaking else nullcontext():
            for statements in fate.deaths:
                self.let_a_worker_die(operation, statements)
            self.work(operation)
        self.domain.answers = {}
        self.check_end(operation, fate, is_new=is_new)
        # What a waiting preview holds in excess is ended when it has ended itself
        if is_new and before is not None and self.preview is None and operation.state == OperationState.FAILED:
            self.check_undone(operation, before)
        return operation

    def check_end(self, operation: Operation, fate: Fate, *, is_new: bool) -> None:
        """An operation fails if it has to, and only if it may."""
        is_broken = self.breaking is not None and not self.breaking.is_survived
        has_to_fail = self.illnesses.has_to_fail(operation, is_new=is_new)
        may_come_together = self.breaking is not None and bool(self.breaking.count and fate.deaths)
        self.might_fail = (
            is_broken or has_to_fail or may_come_together or self.illnesses.may_fail(operation, is_new=is_new)
        )
        if self.breaking is not None and self.breaking.count:
            note(f"met {self.breaking}")
            self.announce()
        if operation.state == OperationState.CANCELLED:
            return
        if has_to_fail or (is_broken and not fate.deaths):
            assert operation.state == OperationState.FAILED, operation.outcome

    def check_undone(self, operation: Operation, before: Inventory) -> None:
        """Rows, counters, files, routes and processes are what they were."""
        after = self.inventory(operation)
        kept = {"SlotSetting", "StickyName"} if kind_of(operation).stays_saved else set()
        for name in sorted(before.keys() - kept):
            assert differences(before[name], after[name]) == [], f"{operation} failed ({operation.outcome}): {name}"

    def inventory(self, own: Operation | None = None) -> Inventory:
        """What there is, once the routers know what is so and all that leaves has left."""
        self.announce()
        let_time_pass(self.domain)
        return take_inventory(self.domain, own)

    def may_fail(self, fate: Fate) -> bool:
        """See Life."""
        return fate.may_fail or self.might_fail

    def work(self, operation: Operation) -> None:
        """As the workers do, one after the other if they break, until nothing is left for them."""
        lost: tuple[str, ...] = ()
        for looks in range(100):
            operation.refresh_from_db()
            if operation.state not in Operation.WORKING:
                return
            if looks > 10:  # what is waited for in vain has its limits
                Operation.objects.filter(pk=operation.pk).update(step_at=F("step_at") - HOUR)
            Operation.objects.filter(pk=operation.pk).update(due_at=now())
            claim = claims.new_claim()
            try:
                machine.run(operation.pk, operation.attempt, claim=claim, again=lambda *_: None, instead_of=lost)
            except machine.DATABASE_LOST:
                lost = (claim, *lost)
            except Killed:
                self.domain.bury(operation)
            operation.refresh_from_db()
            if operation.step == Step.STOPPING:
                self.let_an_hour_pass()
        raise AssertionError(f"{operation} is still at {operation.step}")

    def let_a_worker_die(self, operation: Operation, statements: int) -> None:
        """One worker begins and dies; the tick takes the operation up, and the dead one's order counts no more."""
        operation.refresh_from_db()
        if operation.state not in Operation.WORKING:
            return
        try:
            with dying_after(statements):
                self.domain.look(operation)
        except (Killed, *machine.DATABASE_LOST) as death:
            note(f"died at {operation.step}, before: {death}")
        operation.refresh_from_db()
        if operation.state not in Operation.WORKING:
            return
        if not operation.claimed_by:
            return
        attempt, step = operation.attempt, operation.step
        self.domain.bury(operation)
        machine.run(operation.pk, attempt, claim=claims.new_claim(), again=lambda *_: None)
        operation.refresh_from_db()
        assert (operation.attempt, operation.step, operation.claimed_by) == (attempt + 1, step, "")

    @contextmanager
    def routers_refusing(self, publication: int) -> Iterator[None]:
        """Every router refuses what it is told from the n-th publication on."""
        router, node = self.domain.router, self.node
        told = itertools.count(1)
        publish = router.publish

        def refusing(site_id: int, version: int, **values: float) -> object:
            if publication and next(told) >= publication:
                node.refuses = "told to refuse"
            return publish(site_id, version, **values)

        router.publish = refusing
        try:
            yield
        finally:
            del router.publish
            node.refuses = ""

    def settle(self) -> None:
        """See Life."""
        self.announce()

    def announce(self) -> None:
        """The routers learn what is so by now, as they do by themselves."""
        for site_id in list(self.node.tables):
            site = Site.objects.filter(pk=site_id).first()
            self.domain.router.publish(site_id, site.routes_version if site else self.node.versions[site_id] + 1)

    # What must hold

    def check_address(self, host: str, place: Place | None, *, count: int) -> None:
        """See Life."""
        route = self.domain.router.answer(host)
        if place is None:
            assert route is None
        elif place.served is None:
            assert route.page == "stopped"
        else:
            self.check_served(host, place.served, count)

    def check_served(self, host: str, served: tuple[str | None, dict[str, str]], count: int) -> None:
        revision = self.domain.revision_behind(host)
        content, settings = served
        env = revision.runnable["env"]
        assert (revision.deployment.message if revision.deployment else None) == content, host
        assert {key: env[key] for key in NAMES if key in env} == settings, host
        running = {status.ordinal for status in self.domain.runtime.observe([revision.pk])}
        assert running >= set(range(count)), host
        if content in self.illnesses.ever:
            return
        cluster = next(one for one in self.node.tables[revision.site_id].clusters if one.name == revision.cluster)
        assert len(cluster.endpoints) >= count, host

    @invariant()
    def routes_change_with_their_version_only(self) -> None:
        """I6."""
        former = {table.site_id: table for table in self.seen}
        self.seen = routing.all_tables()
        for table in self.seen:
            before = former.get(table.site_id, table)
            if (table.hosts, table.clusters) != (before.hosts, before.clusters):
                assert table.version > before.version


def differences(before: list[object], after: list[object]) -> list[object]:
    """What is gone, what is new; of rows that are otherwise only what is."""
    gone, new = ([one for one in some if one not in others] for some, others in ((before, after), (after, before)))
    rows = {one["id"]: one for one in new if isinstance(one, dict) and "id" in one}
    found: list[object] = [one for one in new if one not in rows.values()]
    for one in gone:
        other = rows.pop(one["id"], None) if isinstance(one, dict) and "id" in one else None
        found.append({key: (one[key], other[key]) for key in one if one[key] != other[key]} if other else one)
    return [*found, *rows.values()]


@pytest.fixture(autouse=True)
def _own_folders(settings: LazySettings, tmp_path: Path) -> None:
    for name in ("CONTENT_DIR", "BUILD_DIR", "MOUNT_DIR", "CACHE_DIR", "UPLOAD_DIR"):
        setattr(settings, name, tmp_path / name)


def test_whatever_happens_every_address_serves_what_the_model_says(domain: Domain) -> None:
    domain.staged()
    for name, entries in AT_FIRST.items():
        slot = Slot.objects.select_related("site").get(name=name)
        values = {"slot": slot, "category": Category.APP_SETTINGS, "entries": wanted_settings(entries)}
        assert domain.work(save_settings(acting_user=domain.alice, **values)).state == "succeeded"
    run_state_machine_as_test(lambda: LifeInMemory(domain))
