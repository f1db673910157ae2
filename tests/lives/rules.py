"""What people may ask of a site, in any order, and what must hold after each of it; how it is done is a driver's."""

import itertools
from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sites.errors import Refused
from sites.models import Category, Operation, OperationState, Site, Slot, SlotHold
from sites.services import operations, slots, swaps
from sites.services.deployments import publish_zip
from sites.services.restore import restore
from sites.services.rollback import request_roll_back
from sites.services.settings import Entry, save_settings
from sites.services.sites import change_mode, delete_site
from tests.lives.fates import FATES, SURVIVED, Fate
from tests.lives.model import Cargo, Model, Place

NAMES = ("MARK", "COLOUR")
AT_FIRST = {
    "production": {"MARK": ("p", True), "COLOUR": ("blue", False)},
    "staging": {"MARK": ("s", True), "COLOUR": ("green", False)},
}
CONTENT_AT_FIRST = {"production": "one", "staging": "two"}
SLOTS = st.sampled_from(["production", "staging"])
ENTRIES = st.dictionaries(st.sampled_from(NAMES), st.tuples(st.sampled_from("abc"), st.booleans()))

Entries = dict[str, tuple[str, bool]]
exists = precondition(lambda self: self.model.production is not None)
has_staging = precondition(lambda self: self.model.staging is not None)
is_previewed = precondition(lambda self: self.preview is not None)


def wanted_settings(entries: Entries) -> list[Entry]:
    """As the service takes them."""
    return [Entry(key, value, is_sticky=is_sticky) for key, (value, is_sticky) in entries.items()]


class Life(RuleBasedStateMachine):
    """One site through a random sequence of what people ask; it begins with CONTENT_AT_FIRST and AT_FIRST."""

    youth = 10
    """So many operations a life sees before anything is deleted from it."""

    def __init__(self, user: User, name: str) -> None:
        super().__init__()
        self.name = name
        self.asked_by = {"acting_user": user}
        self.model = Model(Place(Cargo("one")), Place(Cargo("two")))
        for slot, entries in AT_FIRST.items():
            self.model.configure(slot, entries)
        self.model.bring_up("production", "staging")
        self.preview: Operation | None = None
        self.deletion: Operation | None = None
        self.texts = (f"text {number}" for number in itertools.count(1))
        self.age = 0

    # What a driver does

    @abstractmethod
    def carry_out(self, request: Callable[[], Operation], fate: Fate) -> Operation:
        """Ask, and return the operation once nothing is left for a worker; `fate` as far as the driver can play it."""

    @abstractmethod
    def archive(self, text: str) -> Path:
        """A zip whose application tells that text."""

    @abstractmethod
    def check_address(self, host: str, place: Place | None, *, count: int) -> None:
        """Fails unless a visitor of `host` meets what the place serves, by `count` instances at least."""

    def settle(self) -> None:
        """An operation has failed; return when everybody knows."""

    # What is asked

    @exists
    @rule(name=SLOTS, fate=FATES)
    def publish(self, name: str, fate: Fate) -> None:
        text = next(self.texts)
        values = {"author": "alice", "archive": self.archive(text), "message": text, "deployer": "Portal"}
        request = lambda slot: publish_zip(slot=slot, **self.asked_by, **values)  # noqa: E731
        if self.ask(name, request, fate, is_taken=self.model.may_publish(name)):
            self.model.publish(name, text)

    @exists
    @rule(name=SLOTS, entries=ENTRIES, fate=FATES)
    def configure(self, name: str, entries: Entries, fate: Fate) -> None:
        category = Category.APP_SETTINGS

        def request(slot: Slot) -> Operation:
            wanted = wanted_settings(entries)
            operation = save_settings(slot=slot, category=category, entries=wanted, **self.asked_by)
            self.model.configure(name, entries)
            return operation

        if self.ask(name, request, fate):
            self.model.bring_up(name)

    @has_staging
    @rule(is_auto_swapped=st.booleans())
    def switch_auto_swap(self, is_auto_swapped: bool) -> None:
        slots.change_swap_settings(slot=self.slot("staging"), is_auto_swapped=is_auto_swapped, **self.asked_by)
        self.model.staging.is_auto_swapped = is_auto_swapped

    @has_staging
    @rule(name=SLOTS, fate=FATES)
    def swap(self, name: str, fate: Fate) -> None:
        def request(slot: Slot) -> Operation:
            return swaps.request_swap(source=slot, target=swaps.partner(slot), **self.asked_by)

        if self.ask(name, request, fate, is_taken=self.model.may_swap()):
            self.model.swap()

    @precondition(lambda self: self.model.may_swap())
    @rule(fate=FATES)
    def begin_preview(self, fate: Fate) -> None:
        def request(slot: Slot) -> Operation:
            return swaps.request_swap(source=slot, target=swaps.partner(slot), with_preview=True, **self.asked_by)

        before = self.model.staging.served
        done = self.ask("staging", request, fate, is_taken=True, ends_in=OperationState.WAITING)
        if done:
            self.preview, self.before_preview = done, before
            self.model.show_preview()

    @is_previewed
    @rule(fate=FATES)
    def complete(self, fate: Fate) -> None:
        if self.go(lambda: swaps.complete_swap(operation=self.preview, **self.asked_by), fate):
            self.model.swap()
            self.preview = None
        else:
            self.withdraw()

    @is_previewed
    @rule(fate=SURVIVED)
    def cancel(self, fate: Fate) -> None:
        cancelled = OperationState.CANCELLED
        assert self.go(lambda: operations.cancel(operation=self.preview, **self.asked_by), fate, ends_in=cancelled)
        self.withdraw()

    def withdraw(self) -> None:
        """The preview has ended: staging serves its own revision, which no setting can have changed meanwhile."""
        self.preview = None
        self.model.is_previewed = False
        self.model.staging.served = self.before_preview

    @precondition(lambda self: self.model.undo is not None)
    @rule(to_unaltered=st.booleans(), fate=FATES)
    def roll_back(self, to_unaltered: bool, fate: Fate) -> None:
        def request(slot: Slot) -> Operation:
            return request_roll_back(site=slot.site, to_unaltered=to_unaltered, **self.asked_by)

        if self.ask("production", request, fate, is_taken=self.model.may_roll_back()):
            self.model.roll_back(to_unaltered=to_unaltered)

    @exists
    @rule(name=SLOTS, count=st.integers(1, 3), fate=FATES)
    def scale(self, name: str, count: int, fate: Fate) -> None:
        is_lent = self.model.is_previewed and name == "production"
        is_taken = self.model.may_have(count) and (is_lent or not self.model.is_previewed)
        request = lambda slot: slots.scale(slot=slot, count=count, **self.asked_by)  # noqa: E731
        if self.ask(name, request, fate, is_taken=is_taken):
            self.model.place(name).count = count
            self.model.bring_up(name)

    @exists
    @rule(mode=st.sampled_from(["free", "shared", "standard", "standard"]), fate=FATES)
    def change_mode(self, mode: str, fate: Fate) -> None:
        request = lambda slot: change_mode(site=slot.site, mode=mode, **self.asked_by)  # noqa: E731
        if self.ask("production", request, fate):
            self.model.change_mode(mode)

    @exists
    @rule(name=SLOTS, fate=FATES)
    def stop(self, name: str, fate: Fate) -> None:
        place = self.model.place(name)
        if place is None:
            return
        is_taken = place.is_running and not (self.model.is_previewed and name == "staging")
        if self.ask(name, lambda slot: slots.stop(slot=slot, **self.asked_by), fate, is_taken=is_taken):
            place.is_running = False
            self.model.bring_up(name)
            if self.preview is not None:
                preview = self.preview
                assert self.carry_out(lambda: preview, Fate()).state == OperationState.CANCELLED
                self.withdraw()

    @precondition(lambda self: self.stopped())
    @rule(fate=FATES)
    def start(self, fate: Fate) -> None:
        name = self.stopped()[0]
        if self.ask(name, lambda slot: slots.start(slot=slot, **self.asked_by), fate):
            self.model.place(name).is_running = True
            self.model.bring_up(name)

    def stopped(self) -> list[str]:
        """Slots without instances."""
        return [name for name, place in self.model.places().items() if not place.is_running]

    @exists
    @rule(name=SLOTS, fate=FATES)
    def restart(self, name: str, fate: Fate) -> None:
        place = self.model.place(name)
        if place is None:
            return
        is_taken = place.is_running and not self.model.is_previewed
        if self.ask(name, lambda slot: slots.restart(slot=slot, **self.asked_by), fate, is_taken=is_taken):
            self.model.bring_up(name)

    @precondition(lambda self: self.model.staging is not None and self.age > self.youth)
    @rule(fate=SURVIVED)
    def delete_staging(self, fate: Fate) -> None:
        self.deletion = (
            self.ask("staging", lambda slot: slots.delete_staging(slot=slot, **self.asked_by), fate) or self.deletion
        )
        if not self.model.is_previewed:
            self.model.delete_staging()

    @precondition(lambda self: self.model.production is not None and self.age > 2 * self.youth)
    @rule(fate=SURVIVED)
    def delete_site(self, fate: Fate) -> None:
        request = lambda slot: delete_site(site=slot.site, typed_name=self.name, **self.asked_by)  # noqa: E731
        self.deletion = self.ask("production", request, fate) or self.deletion
        if not self.model.is_previewed:
            self.model.delete_site()

    @precondition(lambda self: self.model.may_restore() and not self.model.is_previewed)
    @rule(fate=SURVIVED)
    def restore(self, fate: Fate) -> None:
        assert self.go(lambda: restore(operation=self.deletion, **self.asked_by), fate)
        self.model.restore()

    @precondition(lambda self: self.model.production is not None and self.model.staging is None)
    @rule(is_cloned=st.booleans(), fate=SURVIVED)
    def enable(self, is_cloned: bool, fate: Fate) -> None:
        def request(slot: Slot) -> Operation:
            return slots.enable_staged_publishing(site=slot.site, is_cloned=is_cloned, **self.asked_by)

        if self.ask("production", request, fate, is_taken=self.model.mode == "standard"):
            self.model.enable(is_cloned=is_cloned)
            self.model.bring_up("staging")

    # How it is asked

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
        slot = Slot.objects.select_related("site").filter(site__name=self.name, name=name).first()
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
        return self.go(lambda: request(slot), fate, ends_in=ends_in)

    def go(
        self, request: Callable[[], Operation], fate: Fate, *, ends_in: str = OperationState.SUCCEEDED
    ) -> Operation | None:
        """Have an operation taken to its end, under its fate. Returns it if it ended as asked."""
        self.age += 1
        operation = self.carry_out(request, fate)
        note(f"{operation} → {operation.state}: {operation.outcome}")
        if fate.may_fail and operation.state == OperationState.FAILED:
            self.settle()
            return None
        assert operation.state == ends_in, operation.outcome
        return operation

    def refuse_rival(self) -> None:
        """Somebody else wants to swap while an operation is open."""
        if self.model.staging is not None:
            with pytest.raises(Refused):
                swaps.request_swap(source=self.slot("staging"), target=self.slot("production"), **self.asked_by)

    def slot(self, name: str) -> Slot:
        """As it is now."""
        return Slot.objects.select_related("site").get(site__name=self.name, name=name)

    # What must hold

    @invariant()
    def every_address_reaches_what_the_model_says(self) -> None:
        for name, suffix in (("production", ""), ("staging", "-staging")):
            place = self.model.place(name)
            is_shown = self.model.is_previewed and name == "staging"
            count = 1 if place is None or is_shown else place.count  # a preview has as many as production had
            self.check_address(f"{self.name}{suffix}.localhost", place, count=count)

    @invariant()
    def slots_have_one_workload_and_serve_it(self) -> None:
        """I1, I2."""
        found = Slot.objects.filter(site__name=self.name).select_related("live_revision", "workload__active_deployment")
        assert {slot.name for slot in found} == set(self.model.places())
        for slot in found:
            place = self.model.place(slot.name)
            assert slot.workload is not None
            active = slot.workload.active_deployment
            assert (active.message if active else None) == place.cargo.content
            assert (slot.instance_count, slot.is_running) == (place.count, place.is_running)
            assert slot.is_auto_swapped == place.is_auto_swapped
            revision = slot.live_revision
            if revision is None:
                assert not slot.is_running
                continue
            assert revision.state == "serving"
            assert revision.workload_id == slot.workload_id
            is_shown = self.model.is_previewed and not slot.is_production
            assert is_shown or revision.slot_id == slot.pk

    @invariant()
    def the_mode_is_what_was_brought_about(self) -> None:
        found = Site.objects.filter(name=self.name).values_list("mode", flat=True)
        assert list(found) == ([self.model.mode] if self.model.production is not None else [])

    @invariant()
    def holds_are_those_of_open_operations(self) -> None:
        """I4."""
        held = SlotHold.objects.filter(slot__site__name=self.name).values_list("operation", "slot__name")
        opened = [self.preview.pk] if self.preview else []
        assert sorted(held) == [(pk, name) for pk in opened for name in ("production", "staging")]
        still = Operation.objects.filter(site__name=self.name, state__in=Operation.OPEN)
        assert list(still.values_list("pk", flat=True)) == opened
