"""KEY / VALUE rows of the Configure tab: as they are in force, as they were typed, and both beside each other."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from django.http import QueryDict

from portal.entry_form import LINES, EntryFormSet, pasted_lines
from portal.entry_row import EntryRow, blank, shown
from portal.sealed import seal, unseal
from sites.errors import Fault, SettingRefused
from sites.models import Category
from sites.services.handler_mappings import to_value
from sites.services.settings import MASKED, TRAVELLING, Entry, is_entry_state, with_plain_line_ends

ROWS = (Category.APP_SETTINGS, Category.CONNECTION_STRINGS, Category.HANDLER_MAPPINGS, Category.MOUNTS)


@dataclass(frozen=True)
class Typed:
    """One submitted row: the name that it was loaded with, what it had then, and what it is to be (None: gone)."""

    was: str
    base: str
    entry: Entry | None
    is_known: bool = True
    """Whether the browser sent the value itself."""
    is_left_hidden: bool = False
    """Whether it left the field of a hidden value empty."""


@dataclass(frozen=True)
class _Shown:
    """What a row is made of: the entry to show and the one in force."""

    entry: Entry
    saved: Entry | None
    is_from_browser: bool = False
    """Whether the browser that asks has sent the value itself."""
    is_removed: bool = False
    note: str = ""


@dataclass
class EntryRows:
    """The rows of one category, as they are in force and, after a submission, as they were typed."""

    category: Category
    present: list[Entry]
    shared: frozenset[str] = frozenset()
    sticky_names: frozenset[str] = frozenset()
    """Names that stick in every slot of the site; a new row of such a name does as well."""
    asked_for: frozenset[str] = frozenset()
    """Entries whose hidden values the person asked for, which was recorded."""
    place: str = ""
    """Whose rows they are, for what is sealed."""
    is_returned: bool = False
    """Whether they were typed before a session ended: what is hidden is not shown to whoever signs in."""
    typed: list[Typed] = field(default_factory=list)
    is_submitted: bool = False

    @cached_property
    def _by_name(self) -> dict[str, Entry]:
        return {entry.name: entry for entry in self.present}

    def read(self, data: QueryDict) -> list[Fault]:
        """Take what a page sent, if it had this section; what of it cannot be read."""
        if f"{self.category.value}-TOTAL_FORMS" not in data:
            return []
        forms_ = EntryFormSet(data, prefix=self.category.value)
        if not forms_.is_valid():
            reason = "its rows could not be read; reload the page and make the change again"
            return [Fault((self.category.value,), self.category.label.capitalize(), reason)]
        try:
            self.typed = [self._typed(form.cleaned_data) for form in forms_ if not form.is_blank]
        except SettingRefused as refusal:
            return [Fault((self.category.value,), self.category.label.capitalize(), str(refusal))]
        self.is_submitted = True
        pasted, faults = pasted_lines(data.get(LINES, "") if self.category == Category.APP_SETTINGS else "")
        if not faults:
            self._add_lines(pasted)
        return faults

    def _typed(self, data: Mapping[str, object]) -> Typed:
        name, was = str(data["name"]), str(data["was"])
        kept = str(data["kept"])
        is_left_hidden = not data["value"] and kept in self._by_name
        is_sealed = not data["value"] and not is_left_hidden and bool(data["sealed"])
        if is_left_hidden:
            value = self._by_name[kept].value
        else:
            value = unseal(str(data["sealed"]), self.place) if is_sealed else self._value(data)
        is_new = name != was and name not in self._by_name
        is_sticky = bool(data["is_sticky"]) or (is_new and name in self.sticky_names)
        kind = ""
        if self.category == Category.CONNECTION_STRINGS:
            kind = str(data["kind"]) or "Custom"
        elif self.category == Category.MOUNTS and not is_sticky:
            kind = TRAVELLING
        entry = Entry(name, value, kind, is_sticky)
        is_gone = bool(data.get("DELETE")) or not (name or value)
        is_known = not is_left_hidden and not is_sealed
        return Typed(was, str(data["base"]), None if is_gone else entry, is_known, is_left_hidden)

    def _value(self, data: Mapping[str, object]) -> str:
        """What the fields say.

        A browser sends every line end as CR LF. What it sends back otherwise unchanged is therefore the saved value,
        byte for byte; what was typed gets LF.
        """
        sent = str(data["value"]), str(data["arguments"])
        saved = self._by_name.get(str(data["was"]))
        if saved and _as_sent(sent) == _as_sent(shown(self.category, saved)):
            return saved.value
        return to_value(*sent) if self.category == Category.HANDLER_MAPPINGS else sent[0].replace("\r\n", "\n")

    def _add_lines(self, pasted: Mapping[str, str]) -> None:
        """Pasted lines replace the values of names that are there, and add the others."""
        left = dict(pasted)
        for number, row in enumerate(self.typed):
            if row.entry and row.entry.name in left:
                entry = Entry(row.entry.name, left.pop(row.entry.name), row.entry.kind, row.entry.is_sticky)
                self.typed[number] = Typed(row.was, row.base, entry)
        added = (Entry(name, value, is_sticky=name in self.sticky_names) for name, value in left.items())
        self.typed += [Typed("", "", entry) for entry in added]

    @property
    def wanted(self) -> list[Entry]:
        """What is to be in force."""
        return [entry for _, entry in self._ordered]

    @property
    def _ordered(self) -> list[tuple[int, Entry]]:
        """What is to be in force, by name, with the number of the row that says it."""
        if not self.is_submitted:
            return list(enumerate(self.present))
        found = ((number, row.entry) for number, row in enumerate(self.typed) if row.entry)
        return sorted(found, key=lambda one: one[1].name)

    def id_of(self, fault: Fault) -> str:
        """The id of the field at which a fault of one of `wanted` is to be shown."""
        if len(fault.path) < 2:
            return ""
        number, _ = self._ordered[fault.number]
        if self.is_submitted:  # a row that is gone on both sides is not shown
            number = sum(self._beside(row, self._saved_of(row)) is not None for row in self.typed[:number])
        return f"{self.category.value}-{number}-{fault.part}"

    @property
    def ids(self) -> list[str]:
        """The ids of the fields of all rows, in the order of the page."""
        parts = ("name", "value", "arguments") if self.category == Category.HANDLER_MAPPINGS else ("name", "value")
        return [f"{row.prefix}-{part}" for row in self.rows for part in parts]

    @property
    def is_masked(self) -> bool:
        """Whether values of this category are hidden until somebody asks for them."""
        return self.category in MASKED

    @property
    def has_hidden(self) -> bool:
        """Whether a saved value is hidden now."""
        return any(row.kept for row in self.rows)

    @cached_property
    def rows(self) -> list[EntryRow]:
        """The rows to show, with an empty one at the end.

        A row that the person left alone follows what is in force; one that both changed shows both.
        """
        found = self._merged() if self.is_submitted else [_Shown(entry, entry) for entry in self.present]
        rows = [self._row(number, one) for number, one in enumerate(found)]
        return [*rows, self._row(len(rows), _Shown(blank(self.category), None, is_from_browser=True))]

    @property
    def template(self) -> EntryRow:
        """The row that a script copies."""
        return EntryRow(f"{self.category.value}-__prefix__", self.category, blank(self.category))

    @property
    def total(self) -> int:
        """How many rows are shown."""
        return len(self.rows)

    def _row(self, number: int, one: _Shown) -> EntryRow:
        saved = one.saved
        is_as_saved = saved is not None and one.entry.value == saved.value
        is_asked_for = saved is not None and saved.name in self.asked_for
        is_known = (one.is_from_browser and not self.is_returned) or (is_as_saved and is_asked_for)
        is_hidden = self.is_masked and not is_known and bool(one.entry.value or saved)
        return EntryRow(
            prefix=f"{self.category.value}-{number}",
            category=self.category,
            entry=one.entry,
            saved=saved,
            kept=saved.name if saved and is_hidden and is_as_saved else "",
            sealed=seal(one.entry.value, self.place) if is_hidden and not is_as_saved else "",
            is_hidden=is_hidden,
            is_saved_hidden=self.is_masked and not is_asked_for and not (is_as_saved and is_known),
            is_asked_for=is_asked_for,
            is_removed=one.is_removed,
            is_shared=bool(saved and saved.name in self.shared),
            note=one.note,
        )

    def _merged(self) -> list[_Shown]:
        """What was typed beside what is in force now, and what others added meanwhile."""
        merged: list[_Shown] = []
        seen: set[str] = set()
        for row in self.typed:
            saved = self._saved_of(row)
            if saved:
                seen.add(saved.name)
            found = self._beside(row, saved)
            if found:
                merged.append(found)
        added = [entry for entry in self.present if entry.name not in seen]
        return [*merged, *(_Shown(entry, entry, note="Added meanwhile.") for entry in added)]

    def _saved_of(self, row: Typed) -> Entry | None:
        """What is in force by the name of a typed row."""
        return self._by_name.get(row.was or (row.entry.name if row.entry else ""))

    def _beside(self, row: Typed, saved: Entry | None) -> _Shown | None:
        """One typed row beside the entry in force; None when both are gone."""
        mine = row.entry
        is_known = row.is_known
        is_other = not (is_entry_state(self.category, saved, row.base) if saved else row.base == "")
        if not self._is_mine(row, saved):
            if saved is None:
                return None
            return _Shown(saved, saved, is_known and not is_other, note="Changed meanwhile." if is_other else "")
        if saved is None and mine:
            note = "Removed meanwhile; saving brings it back." if row.was else ""
            return _Shown(mine, None, is_known, note=note)
        if saved and mine != saved:
            note = self._both(saved) if is_other else ""
            return _Shown(mine or saved, saved, is_known and mine is not None, is_removed=mine is None, note=note)
        return _Shown(saved, saved, is_known) if saved else None

    def _is_mine(self, row: Typed, saved: Entry | None) -> bool:
        """Whether the person changed the row, and did not only leave what it was loaded with."""
        mine = row.entry
        if mine is None:
            return True
        if row.is_left_hidden and saved:
            return (mine.name, mine.kind, mine.is_sticky) != (saved.name, saved.kind, saved.is_sticky)
        return not is_entry_state(self.category, mine, row.base)

    def _both(self, saved: Entry) -> str:
        if self.is_masked:
            return "Changed meanwhile: another value is in force, which is hidden."
        sticky = ", a slot setting" if saved.is_sticky else ""
        value = " ".join(part for part in shown(self.category, saved) if part)
        return f"Changed meanwhile: in force is '{value}'{sticky}."


def _as_sent(fields: tuple[str, str]) -> list[str]:
    """The fields of a row without what a browser does to line ends."""
    return [with_plain_line_ends(text) for text in fields]
