"""How something is asked of a site, and what of it a driver does: in memory, or on a running system."""

import itertools
from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from hypothesis import note
from hypothesis.stateful import RuleBasedStateMachine

from sites.errors import Refused
from sites.models import Operation, OperationState, Slot
from sites.services import swaps
from tests.lives.fates import Fate
from tests.lives.model import Cargo, Model, Place

NAMES = ("MARK", "COLOUR")
AT_FIRST = {
    "production": {"MARK": ("p", True), "COLOUR": ("blue", False)},
    "staging": {"MARK": ("s", True), "COLOUR": ("green", False)},
}
CONTENT_AT_FIRST = {"production": "one", "staging": "two"}


class Asking(RuleBasedStateMachine):
    """A site and what is known of it; it begins with CONTENT_AT_FIRST and AT_FIRST."""

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

    @abstractmethod
    def carry_out(self, request: Callable[[], Operation], fate: Fate) -> Operation:
        """Ask, and return the operation once nothing is left for a worker; `fate` as far as the driver can play it."""

    @abstractmethod
    def archive(self, text: str) -> Path:
        """A zip whose application tells that text."""

    @abstractmethod
    def check_address(self, host: str, place: Place | None, *, count: int) -> None:
        """Fails unless a visitor of `host` meets what the place serves, by `count` instances at least."""

    def may_fail(self, fate: Fate) -> bool:
        """Whether the last operation may have ended differently from what was asked."""
        return fate.may_fail

    def settle(self) -> None:
        """An operation has failed; return when everybody knows."""

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
        if self.may_fail(fate) and operation.state == OperationState.FAILED:
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
