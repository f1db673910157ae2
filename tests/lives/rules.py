"""What people may ask of a site, in any order."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from sites.models import Category, Operation, OperationState, Slot
from sites.services import operations, slots, swaps
from sites.services.deployments import publish_zip
from sites.services.restore import restore
from sites.services.rollback import request_roll_back
from sites.services.settings import Entry, save_settings
from sites.services.sites import change_mode, delete_site
from tests.lives.asking import NAMES
from tests.lives.fates import FATES, SURVIVED, Fate
from tests.lives.promises import Promises

SLOTS = st.sampled_from(["production", "staging"])
ENTRIES = st.dictionaries(st.sampled_from(NAMES), st.tuples(st.sampled_from("abc"), st.booleans()))

Entries = dict[str, tuple[str, bool]]
exists = precondition(lambda self: self.model.production is not None)
has_staging = precondition(lambda self: self.model.staging is not None)
is_previewed = precondition(lambda self: self.preview is not None)


def wanted_settings(entries: Entries) -> list[Entry]:
    """As the service takes them."""
    return [Entry(key, value, is_sticky=is_sticky) for key, (value, is_sticky) in entries.items()]


class Life(Promises):
    """One site through a random sequence of what people ask."""

    youth = 10
    """So many operations a life sees before anything is deleted from it."""

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
        if deletion := self.ask("staging", lambda slot: slots.delete_staging(slot=slot, **self.asked_by), fate):
            self.deletion = deletion
            self.model.delete_staging()

    @precondition(lambda self: self.model.production is not None and self.age > 2 * self.youth)
    @rule(fate=SURVIVED)
    def delete_site(self, fate: Fate) -> None:
        request = lambda slot: delete_site(site=slot.site, typed_name=self.name, **self.asked_by)  # noqa: E731
        if deletion := self.ask("production", request, fate):
            self.deletion = deletion
            self.model.delete_site()

    @precondition(lambda self: self.model.may_restore() and not self.model.is_previewed)
    @rule(fate=SURVIVED)
    def restore(self, fate: Fate) -> None:
        if self.go(lambda: restore(operation=self.deletion, **self.asked_by), fate):
            self.model.restore()

    @precondition(lambda self: self.model.production is not None and self.model.staging is None)
    @rule(is_cloned=st.booleans(), fate=SURVIVED)
    def enable(self, is_cloned: bool, fate: Fate) -> None:
        def request(slot: Slot) -> Operation:
            return slots.enable_staged_publishing(site=slot.site, is_cloned=is_cloned, **self.asked_by)

        if self.ask("production", request, fate, is_taken=self.model.mode == "standard"):
            self.model.enable(is_cloned=is_cloned)
            self.model.bring_up("staging")
