"""The configuration of a slot on one page: what is in force, what was typed, and its SAVE as one operation."""

from dataclasses import dataclass, field

from django.contrib.auth.models import User
from django.http import QueryDict

from portal.entry_form import LINES
from portal.entry_rows import ROWS, EntryRows
from portal.field_faults import FieldFaults, placed
from portal.plain_fields import (
    ENDPOINTS,
    PAGE,
    Field,
    document_entries,
    general_entries,
    monitoring_entries,
    name_of_field,
    read_fields,
    swap_settings,
    take_typed,
    warmup_entries,
)
from sites.errors import Fault, NotFound, SettingRefused
from sites.models import Category, Operation, Slot
from sites.services import sticky_names
from sites.services.endpoints import why_no_endpoints
from sites.services.secrets import reveal_settings
from sites.services.settings import (
    MASKED,
    Entry,
    read_categories,
    save_categories,
    shared_connection_strings,
    state_of,
)
from sites.services.slots import change_swap_settings

PLAIN = (Category.GENERAL, Category.MONITORING, Category.DEFAULT_DOCUMENTS, Category.WARMUP)
CATEGORIES = (*PLAIN, *ROWS)


@dataclass
class Configuration:
    """What the page shows. `pasted` are lines that could not be taken apart yet, `unread` what could not be read."""

    slot: Slot
    present: dict[Category, list[Entry]]
    fields: dict[str, Field]
    rows: dict[str, EntryRows]
    state: str
    pasted: str = ""
    unread: list[Fault] = field(default_factory=list)
    faults: FieldFaults = field(default_factory=FieldFaults)

    @property
    def why_no_endpoints(self) -> str:
        """The sentence of a slot whose mode has no web endpoints; empty otherwise."""
        return why_no_endpoints(self.slot)

    @property
    def shared_names(self) -> list[str]:
        """Connection strings that lead to the same place as production's."""
        return sorted(self.rows[Category.CONNECTION_STRINGS.value].shared)

    def read(self, data: QueryDict, *, is_returned: bool = False) -> None:
        """Take what was typed; `is_returned`: before a session ended. `save` says what of it cannot be read."""
        take_typed(self.fields, data)
        for rows in self.rows.values():
            rows.is_returned = is_returned
            self.unread += rows.read(data)
        self.pasted = (
            data.get(LINES, "") if any(fault.path[0] in (LINES, Category.APP_SETTINGS) for fault in self.unread) else ""
        )

    def mark(self, refusal: SettingRefused) -> None:
        """Show each fault of a refusal at its field."""
        self.faults = placed(refusal.faults, self._id_of, self._ids)

    def _id_of(self, fault: Fault) -> str:
        """The id that the field with the fault has, where the page has one."""
        group, name = fault.path[0], fault.path[-1]
        if group in self.rows:
            return self.rows[group].id_of(fault)
        return LINES if group == LINES else f"setting-{name_of_field(group, name)}"

    @property
    def _ids(self) -> list[str]:
        """The ids of all fields that can be refused, in the order of the page."""
        found = []
        for name in PAGE:
            if name in self.rows:
                found += self.rows[name].ids
            elif name == LINES:
                found.append(name)
            elif name in self.fields and not (name in ENDPOINTS and self.why_no_endpoints):
                found.append(f"setting-{name}")
        return found

    def show_values(self, acting_user: User, category: str, name: str) -> None:
        """Show the hidden value of one entry, or with no name all of a category, and record who asked.

        Raises NotFound where there is none, NotAllowed for a reader.
        """
        if category not in MASKED:
            raise NotFound
        found = reveal_settings(
            acting_user=acting_user, slot=self.slot, category=Category(category), names=[name] if name else None
        )
        self.rows[category].asked_for = frozenset(found)

    def save(self, acting_user: User, expected: str | None) -> Operation:
        """Save what was typed, as one operation. Raises SettingRefused, Outdated, SlotBusy; nothing is saved then.

        What only concerns swaps needs no new instances, so that it is saved at once.
        """
        wanted = self._wanted()
        of_the_slot, faults = swap_settings(self.fields)
        faults = [*self.unread, *faults]
        if faults or wanted != self.present or expected not in (None, self.state):
            return save_categories(
                acting_user=acting_user,
                slot=self.slot,
                categories=wanted,
                expected=expected,
                swap_settings=of_the_slot,
                faults=faults,
            )
        if not of_the_slot:
            raise SettingRefused(
                f"Nothing on this page differs from what '{self.slot.title}' has, so nothing was saved. "
                "Change a setting first, then save."
            )
        return change_swap_settings(acting_user=acting_user, slot=self.slot, **of_the_slot)  # type: ignore[arg-type]

    def _wanted(self) -> dict[Category, list[Entry]]:
        return {
            Category.GENERAL: general_entries(self.fields, self.present[Category.GENERAL]),
            Category.MONITORING: monitoring_entries(self.fields, self.present[Category.MONITORING]),
            Category.DEFAULT_DOCUMENTS: document_entries(self.fields, self.present[Category.DEFAULT_DOCUMENTS]),
            Category.WARMUP: warmup_entries(self.fields, self.present[Category.WARMUP]),
            **{rows.category: rows.wanted for rows in self.rows.values()},
        }


def read_configuration(slot: Slot) -> Configuration:
    """The page as it is in force, with app settings and connection strings hidden."""
    present = read_categories(slot, CATEGORIES)
    shared = frozenset(shared_connection_strings(slot))
    sticky = sticky_names.of(slot.site)
    rows = {
        category.value: EntryRows(
            category,
            present[category],
            shared=shared if category == Category.CONNECTION_STRINGS else frozenset(),
            sticky_names=sticky.get(category, frozenset()) if category != Category.MOUNTS else frozenset(),
            place=f"slot {slot.pk}",
        )
        for category in ROWS
    }
    return Configuration(slot, present, read_fields(slot, present), rows, state_of(slot, CATEGORIES))
