"""Random lives of a site, with workers that die at any line, against a simple model of who serves what."""

import copy
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models import F
from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from sites import routing
from sites.errors import Refused
from sites.jobs import advance, beat, reconcile, retire, rollback
from sites.models import Category, Operation, OperationState, Revision, Site, Slot, SlotHold
from sites.router.memory import MemoryNode
from sites.services import operations, slots, swaps
from sites.services.deployments import publish_zip
from sites.services.rollback import request_roll_back
from sites.services.settings import Entry, save_settings
from tests.domain import Domain
from tests.sites.model import Cargo, Model, Place

HOUR = timedelta(hours=1)
TIMES = ("released_at", "drain_deadline", "idle_since", "retained_until")
HOSTS = {"production": "contoso.localhost", "staging": "contoso-staging.localhost"}
NAMES = ("MARK", "COLOUR")


class Killed(BaseException):
    """The worker is dead; nothing of it runs on."""


@dataclass(frozen=True)
class Fate:
    """What happens while an operation is worked on."""

    deaths: tuple[int, ...] = ()
    """Statements after which one worker after the other dies."""
    is_answered_badly: bool = False
    refused_from: int = 0
    """The routers refuse the tables from this publication on; 0: they take all."""
    has_rival: bool = False
    """Somebody else asks for a swap before anything is done."""

    @property
    def may_fail(self) -> bool:
        """Whether the operation may end otherwise than asked."""
        return self.is_answered_badly or bool(self.refused_from)


FATES = st.one_of(
    st.just(Fate()),
    st.just(Fate(has_rival=True)),
    st.builds(Fate, deaths=st.lists(st.integers(1, 150), min_size=1, max_size=3).map(tuple)),
    st.just(Fate(is_answered_badly=True)),
    st.builds(Fate, refused_from=st.integers(1, 3)),
)
SLOTS = st.sampled_from(["production", "staging"])
AT_FIRST = {
    "production": {"MARK": ("p", True), "COLOUR": ("blue", False)},
    "staging": {"MARK": ("s", True), "COLOUR": ("green", False)},
}
ENTRIES = st.dictionaries(st.sampled_from(NAMES), st.tuples(st.sampled_from("abc"), st.booleans()))


@contextmanager
def dying_after(statements: int) -> Iterator[None]:
    """Kill whoever works inside, before its n-th statement; what its transaction wrote is lost with it."""
    left = itertools.count(statements, -1)

    def execute(run: Callable, sql: str, params: object, many: bool, context: dict) -> object:
        if not sql.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")) and next(left) == 0:
            raise Killed(sql[:60])
        return run(sql, params, many, context)

    with connection.execute_wrapper(execute):
        yield


class Life(RuleBasedStateMachine):
    """One site through a random sequence of what people, workers and routers do."""

    def __init__(self, domain: Domain) -> None:
        super().__init__()
        self.domain = domain
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.memory = copy.deepcopy((domain.router.nodes, vars(domain.runtime)))
        self.site = Site.objects.get(name="contoso")
        self.model = Model(Place(Cargo("one")), Place(Cargo("two")))
        for name, entries in AT_FIRST.items():
            self.model.configure(name, entries)
        self.model.bring_up("production", "staging")
        self.preview: Operation | None = None
        self.texts = (f"text {number}" for number in itertools.count(1))
        self.seen = routing.table_of(self.site.pk)
        self.age = 0

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

    # What is asked

    @rule(name=SLOTS, fate=FATES)
    def publish(self, name: str, fate: Fate) -> None:
        text = next(self.texts)
        values = {"author": "alice", "archive": self.domain.archive(text), "message": text, "deployer": "Portal"}
        place = self.model.place(name)
        if self.ask(name, lambda slot: publish_zip(slot=slot, **self.alice, **values), fate):
            place.cargo.content = text
            self.model.bring_up(name)

    @rule(name=SLOTS, entries=ENTRIES, fate=FATES)
    def configure(self, name: str, entries: dict[str, tuple[str, bool]], fate: Fate) -> None:
        wanted = [Entry(key, value, is_sticky=is_sticky) for key, (value, is_sticky) in entries.items()]
        category = Category.APP_SETTINGS

        def request(slot: Slot) -> Operation:
            operation = save_settings(slot=slot, category=category, entries=wanted, **self.alice)
            self.model.configure(name, entries)
            return operation

        if self.ask(name, request, fate):
            self.model.bring_up(name)

    @precondition(lambda self: self.model.staging is not None)
    @rule(name=SLOTS, fate=FATES)
    def swap(self, name: str, fate: Fate) -> None:
        def request(slot: Slot) -> Operation:
            return swaps.request_swap(source=slot, target=swaps.partner(slot), **self.alice)

        if self.ask(name, request, fate, is_taken=self.model.may_swap()):
            self.model.swap()

    @precondition(lambda self: self.model.may_swap())
    @rule(fate=FATES)
    def begin_preview(self, fate: Fate) -> None:
        def request(slot: Slot) -> Operation:
            return swaps.request_swap(source=slot, target=swaps.partner(slot), with_preview=True, **self.alice)

        done = self.ask("staging", request, fate, is_taken=self.model.may_swap(), ends_in=OperationState.WAITING)
        if done:
            self.preview = done
            self.model.show_preview()

    @precondition(lambda self: self.preview is not None)
    @rule(fate=FATES)
    def complete(self, fate: Fate) -> None:
        if self.go(lambda: swaps.complete_swap(operation=self.preview, **self.alice), fate):
            self.model.swap()
        else:
            self.withdraw()
        self.preview = None

    @precondition(lambda self: self.preview is not None)
    @rule(deaths=st.lists(st.integers(1, 60), max_size=2))
    def cancel(self, deaths: list[int]) -> None:
        cancelled = OperationState.CANCELLED
        request = lambda: operations.cancel(operation=self.preview, **self.alice)  # noqa: E731
        assert self.go(request, Fate(deaths=tuple(deaths)), ends_in=cancelled)
        self.withdraw()

    def withdraw(self) -> None:
        self.preview = None
        self.model.is_previewed = False
        # What staging served before: its own revision, which no setting can have changed under the hold
        self.model.staging.served = self.before_preview

    @precondition(lambda self: self.model.undo is not None)
    @rule(to_unaltered=st.booleans(), fate=FATES)
    def roll_back(self, to_unaltered: bool, fate: Fate) -> None:
        def request(slot: Slot) -> Operation:
            return request_roll_back(site=slot.site, to_unaltered=to_unaltered, **self.alice)

        if self.ask("production", request, fate, is_taken=self.model.may_roll_back()):
            self.model.roll_back(to_unaltered=to_unaltered)

    @rule(name=SLOTS, count=st.integers(1, 3), fate=FATES)
    def scale(self, name: str, count: int, fate: Fate) -> None:
        is_lent = self.model.is_previewed and name == "production"
        request = lambda slot: slots.scale(slot=slot, count=count, **self.alice)  # noqa: E731
        if self.ask(name, request, fate, is_taken=True if is_lent else None):
            self.model.place(name).count = count
            self.model.bring_up(name)

    @rule(name=SLOTS, fate=FATES)
    def stop(self, name: str, fate: Fate) -> None:
        place = self.model.place(name)
        if place is None:
            return
        is_taken = place.is_running and not (self.model.is_previewed and name == "staging")
        if self.ask(name, lambda slot: slots.stop(slot=slot, **self.alice), fate, is_taken=is_taken):
            place.is_running = False
            self.model.bring_up(name)
            if self.preview is not None:
                assert self.domain.work(self.preview).state == OperationState.CANCELLED
                self.withdraw()

    @precondition(lambda self: self.stopped())
    @rule(fate=FATES)
    def start(self, fate: Fate) -> None:
        name = self.stopped()[0]
        if self.ask(name, lambda slot: slots.start(slot=slot, **self.alice), fate):
            self.model.place(name).is_running = True
            self.model.bring_up(name)

    def stopped(self) -> list[str]:
        return [name for name, place in self.model.places().items() if not place.is_running]

    @rule(name=SLOTS, fate=FATES)
    def restart(self, name: str, fate: Fate) -> None:
        place = self.model.place(name)
        if place is None:
            return
        is_taken = place.is_running and not self.model.is_previewed
        if self.ask(name, lambda slot: slots.restart(slot=slot, **self.alice), fate, is_taken=is_taken):
            self.model.bring_up(name)

    @precondition(lambda self: self.model.staging is not None and self.age > 10)
    @rule(deaths=st.lists(st.integers(1, 60), max_size=2))
    def delete_staging(self, deaths: list[int]) -> None:
        if self.ask("staging", lambda slot: slots.delete_staging(slot=slot, **self.alice), Fate(deaths=tuple(deaths))):
            self.model.delete_staging()

    @precondition(lambda self: self.model.staging is None)
    @rule(is_cloned=st.booleans(), deaths=st.lists(st.integers(1, 60), max_size=2))
    def enable(self, is_cloned: bool, deaths: list[int]) -> None:
        def request(slot: Slot) -> Operation:
            return slots.enable_staged_publishing(site=slot.site, is_cloned=is_cloned, **self.alice)

        if self.ask("production", request, Fate(deaths=tuple(deaths)), is_taken=self.model.staging is None):
            self.model.enable(is_cloned=is_cloned)
            self.model.bring_up("staging")

    # What happens by itself

    @rule()
    def an_hour_passes(self) -> None:
        """Windows and drains end; only what is served or about to be is left running."""
        for _ in range(4):
            Revision.objects.update(**{name: F(name) - HOUR for name in TIMES})
            rollback.end_windows()
            retire.run()
        wanted = set(Revision.objects.filter(live_slots__isnull=False).values_list("pk", flat=True))
        if self.preview is not None:
            changes = self.preview.changes.values_list("revision_before", "revision_after")
            wanted |= {pk for pair in changes for pk in pair}
        running = {status.revision_id for status in self.domain.runtime.observe()}
        assert running == wanted

    @rule()
    def the_agent_forgets(self) -> None:
        """A machine was lost with all its instances; the next comparison orders them again."""
        self.domain.runtime.wanted.clear()
        reconcile.run()

    # How it is worked on

    @property
    def alice(self) -> dict[str, object]:
        return {"acting_user": self.domain.alice}

    def ask(
        self,
        name: str,
        request: Callable[[Slot], Operation],
        fate: Fate,
        *,
        is_taken: bool | None = None,
        ends_in: str = OperationState.SUCCEEDED,
    ) -> Operation | None:
        """Ask for something on a slot. Returns the operation if it was taken and ended as asked."""
        slot = self.site.slots.select_related("site").filter(name=name).first()
        if slot is None:
            assert self.model.place(name) is None
            return None
        if is_taken is None:
            is_taken = not self.model.is_previewed
        if not is_taken:
            with pytest.raises(Refused) as refusal:
                request(slot)
            note(f"refused: {refusal.value}")
            return None
        if self.preview is None and self.model.staging is not None:
            self.before_preview = self.model.staging.served
        return self.go(lambda: request(slot), fate, ends_in=ends_in)

    def go(
        self, request: Callable[[], Operation], fate: Fate, *, ends_in: str = OperationState.SUCCEEDED
    ) -> Operation | None:
        """Have an operation taken to its end, under its fate. Returns it if it ended as asked."""
        self.age += 1
        operation = request()
        if fate.has_rival and self.model.staging is not None:
            with pytest.raises(Refused):
                swaps.request_swap(source=self.slot("staging"), target=self.slot("production"), **self.alice)
        if fate.is_answered_badly:
            self.domain.answer_everything("500")
        with self.routers_refusing(fate.refused_from):
            for statements in fate.deaths:
                self.let_a_worker_die(operation, statements)
            self.work(operation)
        self.domain.answers = {}
        note(f"{operation} → {operation.state}: {operation.outcome}")
        if fate.may_fail and operation.state == OperationState.FAILED:
            self.domain.router.publish(self.site.pk, Site.objects.get().routes_version)
            return None
        assert operation.state == ends_in, operation.outcome
        return operation

    def slot(self, name: str) -> Slot:
        return self.site.slots.get(name=name)

    def work(self, operation: Operation) -> None:
        """As the worker does, until nothing is left for it."""
        for _ in range(50):
            operation.refresh_from_db()
            if operation.state not in Operation.WORKING:
                return
            self.domain.look(operation)
        raise AssertionError(f"{operation} is still at {operation.step}")

    def let_a_worker_die(self, operation: Operation, statements: int) -> None:
        """One worker begins and dies; the tick takes the operation up, and the dead one's order counts no more."""
        operation.refresh_from_db()
        if operation.state not in Operation.WORKING:
            return
        try:
            with dying_after(statements):
                advance.run(operation.pk, operation.attempt, again=lambda *_: None)
        except Killed as death:
            note(f"died at {operation.step}, before: {death}")
        operation.refresh_from_db()
        if operation.state not in Operation.WORKING:
            return
        Operation.objects.filter(pk=operation.pk).update(
            heartbeat_at=F("heartbeat_at") - HOUR, created_at=F("created_at") - HOUR
        )
        assert operation in beat.take_stale()
        advance.run(operation.pk, operation.attempt, again=lambda *_: None)
        attempt, step = operation.attempt, operation.step
        operation.refresh_from_db()
        assert (operation.attempt, operation.step) == (attempt + 1, step)

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

    # What must hold

    @invariant()
    def every_address_reaches_what_the_model_says(self) -> None:
        places = self.model.places()
        for name, host in HOSTS.items():
            route = self.domain.router.answer(host)
            if name not in places:
                assert route is None
            elif places[name].served is None:
                assert route.page == "stopped"
            else:
                self.check_served(name, host, places[name])

    def check_served(self, name: str, host: str, place: Place) -> None:
        revision = self.domain.revision_behind(host)
        content, settings = place.served
        env = revision.runnable["env"]
        assert (revision.deployment.message if revision.deployment else None) == content, name
        assert {key: env[key] for key in NAMES if key in env} == settings, name
        is_preview = self.model.is_previewed and name == "staging"
        count = 1 if is_preview else place.count  # a preview has as many instances as production had
        running = {status.ordinal for status in self.domain.runtime.observe([revision.pk])}
        assert running >= set(range(count)), name
        cluster = next(one for one in self.node.tables[self.site.pk].clusters if one.name == revision.cluster)
        assert len(cluster.endpoints) >= count, name

    @invariant()
    def slots_have_one_workload_and_serve_it(self) -> None:
        """I1, I2."""
        for slot in Slot.objects.select_related("live_revision", "workload__active_deployment"):
            place = self.model.place(slot.name)
            assert slot.workload is not None
            active = slot.workload.active_deployment
            assert (active.message if active else None) == place.cargo.content
            assert (slot.instance_count, slot.is_running) == (place.count, place.is_running)
            revision = slot.live_revision
            if revision is None:
                assert not slot.is_running
                continue
            assert revision.state == "serving"
            assert revision.workload_id == slot.workload_id
            is_shown = self.model.is_previewed and not slot.is_production
            assert is_shown or revision.slot_id == slot.pk

    @invariant()
    def holds_are_those_of_open_operations(self) -> None:
        """I4."""
        open_ones = set(Operation.objects.filter(state__in=Operation.OPEN).values_list("pk", flat=True))
        assert open_ones == ({self.preview.pk} if self.preview else set())
        held = SlotHold.objects.values_list("operation", "slot__name")
        assert sorted(held) == [(pk, name) for pk in open_ones for name in ("production", "staging")]

    @invariant()
    def routes_change_with_their_version_only(self) -> None:
        """I6."""
        table = routing.table_of(self.site.pk)
        if (table.hosts, table.clusters) != (self.seen.hosts, self.seen.clusters):
            assert table.version > self.seen.version
        self.seen = table


def test_whatever_happens_every_address_serves_what_the_model_says(domain: Domain) -> None:
    domain.staged()
    for name, settings in AT_FIRST.items():
        entries = [Entry(key, value, is_sticky=is_sticky) for key, (value, is_sticky) in settings.items()]
        slot = Slot.objects.select_related("site").get(name=name)
        values = {"slot": slot, "category": Category.APP_SETTINGS, "entries": entries}
        assert domain.work(save_settings(acting_user=domain.alice, **values)).state == "succeeded"
    run_state_machine_as_test(lambda: Life(domain))
