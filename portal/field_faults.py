"""What was refused of a form, at the id of each field that has a fault."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sites.counted import counted
from sites.errors import Fault, SettingRefused


@dataclass(frozen=True)
class FieldFaults:
    """Faults with the ids of their fields, in the order of the page. An empty id: the page has no such field."""

    found: list[tuple[str, Fault]] = field(default_factory=list)
    done: str = "saved"
    """What the form would have done."""

    def at(self, field_id: str) -> list[Fault]:
        """Those of one field."""
        return [fault for found, fault in self.found if found == field_id]

    @property
    def first(self) -> str:
        """The field that gets the focus; empty where no field has a fault."""
        return next((found for found, _ in self.found if found), "")

    @property
    def heading(self) -> str:
        """How many, and what to do."""
        it = "it" if len(self.found) == 1 else "them"
        said = f"{counted(len(self.found), 'value')} cannot be taken. Nothing was {self.done} yet;"
        return f"{said} correct {it} and try again."


def placed_by_name(refusal: Exception, ids: Mapping[str, str], done: str = "saved") -> FieldFaults:
    """Each fault of a refusal at the field of its name; `ids` has these by name, in the order of the form."""
    faults = refusal.faults if isinstance(refusal, SettingRefused) else ()
    return placed(faults, lambda fault: ids.get(fault.path[0], ""), list(ids.values()), done)


def placed(
    faults: Iterable[Fault], id_of: Callable[[Fault], str], page: Sequence[str], done: str = "saved"
) -> FieldFaults:
    """Each fault at its field; `page` has the ids of all fields in their order."""
    places = {found: place for place, found in enumerate(page)}
    found = [(id_of(fault), fault) for fault in faults]
    shown = [(one if one in places else "", fault) for one, fault in found]
    return FieldFaults(sorted(shown, key=lambda one: places.get(one[0], len(places))), done)
