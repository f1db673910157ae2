"""Checks of several fields of one form, whose refusals are raised together."""

from collections.abc import Iterator
from contextlib import contextmanager

from sites.errors import Fault, SettingRefused


class Gathered:
    """Takes the refusal of each field, until `refuse` raises them."""

    def __init__(self) -> None:
        self._refusals: list[SettingRefused] = []

    @contextmanager
    def at(self, field: str, caption: str) -> Iterator[None]:
        """What is refused within belongs to a field: its name in a request, and the words beside it."""
        try:
            yield
        except SettingRefused as refusal:
            refusal.faults = refusal.faults or (Fault((field,), caption, _reason(refusal)),)
            self._refusals.append(refusal)

    def refuse(self) -> None:
        """Raise the one refusal as it is, several as one; nothing when there was none."""
        if len(self._refusals) == 1:
            raise self._refusals[0]
        if self._refusals:
            raise SettingRefused.of([fault for refusal in self._refusals for fault in refusal.faults])


def _reason(refusal: SettingRefused) -> str:
    """What is wrong, and what to do if it says that."""
    values = refusal.values
    if "reason" not in values:
        return str(refusal)
    return ". ".join(str(values[name]) for name in ("reason", "remedy") if name in values)
