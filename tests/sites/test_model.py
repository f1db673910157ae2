"""Random lives of a site, with workers that die at any line, against a simple model of who serves what."""

import copy
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from django.db import transaction
from django.db.models import F
from hypothesis import note
from hypothesis.stateful import invariant, rule, run_state_machine_as_test

from sites import routing
from sites.jobs import reconcile, retire
from sites.models import Category, Operation, Revision, Site, Slot, Step
from sites.operations import claims, machine, retention
from sites.services.settings import save_settings
from tests.deaths import Killed, dying_after
from tests.domain import Domain
from tests.fakes.router import MemoryNode
from tests.lives.asking import AT_FIRST, NAMES
from tests.lives.fates import Fate
from tests.lives.model import Place
from tests.lives.rules import Life, wanted_settings

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
        self.seen = routing.all_tables()

    @property
    def node(self) -> MemoryNode:
        return self.domain.router.nodes["router-1"]

    def teardown(self) -> None:
        """Everything is as it was before this life."""
        transaction.set_rollback(True)
        self.transaction.__exit__(None, None, None)
        self.domain.router.nodes, runtime = self.memory
        vars(self.domain.runtime).update(runtime)
        self.domain.answers = {}

    # What happens by itself

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
        """See Life; every fate is played."""
        operation = request()
        if fate.has_rival:
            self.refuse_rival()
        if fate.is_answered_badly:
            self.domain.answer_everything("500")
        with self.routers_refusing(fate.refused_from):
            for statements in fate.deaths:
                self.let_a_worker_die(operation, statements)
            self.work(operation)
        self.domain.answers = {}
        return operation

    def work(self, operation: Operation) -> None:
        """As the worker does, until nothing is left for it."""
        for _ in range(50):
            operation.refresh_from_db()
            if operation.state not in Operation.WORKING:
                return
            self.domain.look(operation)
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
        except Killed as death:
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
        """See Life: the routers take again what they are told."""
        site = Site.objects.get(name=self.name)
        self.domain.router.publish(site.pk, site.routes_version)

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


def test_whatever_happens_every_address_serves_what_the_model_says(domain: Domain) -> None:
    domain.staged()
    for name, entries in AT_FIRST.items():
        slot = Slot.objects.select_related("site").get(name=name)
        values = {"slot": slot, "category": Category.APP_SETTINGS, "entries": wanted_settings(entries)}
        assert domain.work(save_settings(acting_user=domain.alice, **values)).state == "succeeded"
    run_state_machine_as_test(lambda: LifeInMemory(domain))
