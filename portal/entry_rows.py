"""KEY / VALUE rows of the Configure tab: as they are in force, as they were typed, and both beside each other."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from django.http import QueryDict

from portal.entry_form import LINES, EntryFormSet, pasted_lines
from portal.entry_row import EntryRow, blank, shown
from portal.sealed import seal, unseal
from sites.errors import SettingRefused
from sites.models import Category
from sites.services.handler_mappings import to_value
from sites.services.settings import TRAVELLING, Entry, entry_state

ROWS = (Category.APP_SETTINGS, Category.CONNECTION_STRINGS, Category.HANDLER_MAPPINGS, Category.MOUNTS)
HIDDEN = frozenset({Category.CONNECTION_STRINGS})


@dataclass(frozen=True)
class Typed:
    """One submitted row: the name that it was loaded with, what it had then, and what it is to be (None: gone)."""

    was: str
    base: str
    entry: Entry | None
    is_left_hidden: bool = False


@dataclass
class EntryRows:
    """The rows of one category, as they are in force and, after a submission, as they were typed."""

    category: Category
    present: list[Entry]
    shared: frozenset[str] = frozenset()
    sticky_names: frozenset[str] = frozenset()
    """Names that stick in every slot of the site; a new row of such a name does as well."""
    is_revealed: bool = False
    is_masked: bool = False
    """Whether values are hidden from this person that others see."""
    place: str = ""
    """Whose rows they are, for what is sealed."""
    is_returned: bool = False
    """Whether they were typed before a session ended: what is hidden is not shown to whoever signs in."""
    typed: list[Typed] = field(default_factory=list)
    is_submitted: bool = False

    @cached_property
    def _by_name(self) -> dict[str, Entry]:
        return {entry.name: entry for entry in self.present}

    def read(self, data: QueryDict) -> None:
        """Take what a page sent, if it had this section. Raises SettingRefused for rows that cannot be read."""
        if f"{self.category.value}-TOTAL_FORMS" not in data:
            return
        forms_ = EntryFormSet(data, prefix=self.category.value)
        if not forms_.is_valid():
            raise SettingRefused(
                f"The rows of {self.category.label} could not be read; nothing was saved. "
                "Reload the page and make the change again."
            )
        self.typed = [self._typed(form.cleaned_data) for form in forms_ if not form.is_blank]
        self.is_submitted = True
        if self.category == Category.APP_SETTINGS:
            self._add_lines(pasted_lines(data.get(LINES, "")))

    def _typed(self, data: Mapping[str, object]) -> Typed:
        name, value, kept = str(data["name"]), str(data["value"]), str(data["kept"])
        is_left = not value and kept in self._by_name
        if is_left:
            value = self._by_name[kept].value
        elif not value and data["sealed"]:
            value = unseal(str(data["sealed"]), self.place)
        elif self.category == Category.HANDLER_MAPPINGS:
            value = to_value(value, str(data["arguments"]))
        is_new = name != data["was"] and name not in self._by_name
        is_sticky = bool(data["is_sticky"]) or (is_new and name in self.sticky_names)
        kind = ""
        if self.category == Category.CONNECTION_STRINGS:
            kind = str(data["kind"]) or "Custom"
        elif self.category == Category.MOUNTS and not is_sticky:
            kind = TRAVELLING
        entry = Entry(name, value, kind, is_sticky)
        is_gone = bool(data.get("DELETE")) or not (name or value)
        return Typed(str(data["was"]), str(data["base"]), None if is_gone else entry, is_left)

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
        if not self.is_submitted:
            return self.present
        return sorted((row.entry for row in self.typed if row.entry), key=lambda entry: entry.name)

    @property
    def is_changed(self) -> bool:
        """Whether that is something else than what is in force."""
        return self.wanted != self.present

    @property
    def rows(self) -> list[EntryRow]:
        """The rows to show, with an empty one at the end.

        A row that the person left alone follows what is in force; one that both changed shows both.
        """
        found = self._merged() if self.is_submitted else [(entry, entry, False, "") for entry in self.present]
        rows = [
            self._row(number, entry, saved, is_removed=is_removed, note=note)
            for number, (entry, saved, is_removed, note) in enumerate(found)
        ]
        return [*rows, self._row(len(rows), blank(self.category), None)]

    @property
    def _is_secret(self) -> bool:
        return self.is_masked or (self.category in HIDDEN and not self.is_revealed)

    @property
    def template(self) -> EntryRow:
        """The row that a script copies."""
        return EntryRow(f"{self.category.value}-__prefix__", self.category, blank(self.category))

    @property
    def total(self) -> int:
        """How many rows are shown."""
        return len(self.rows)

    def _row(
        self, number: int, entry: Entry, saved: Entry | None, *, is_removed: bool = False, note: str = ""
    ) -> EntryRow:
        is_secret = self._is_secret
        is_as_saved = is_secret and saved is not None and entry.value == saved.value
        is_sealed = is_secret and not is_as_saved and self.is_returned and bool(entry.value)
        return EntryRow(
            prefix=f"{self.category.value}-{number}",
            category=self.category,
            entry=entry,
            saved=saved,
            kept=saved.name if is_as_saved and saved else "",
            sealed=seal(entry.value, self.place) if is_sealed else "",
            is_hidden=is_as_saved or is_sealed,
            is_removed=is_removed,
            is_shared=bool(saved and saved.name in self.shared),
            note=note,
        )

    def _merged(self) -> list[tuple[Entry, Entry | None, bool, str]]:
        """Entry to show, entry in force, whether it is to be removed, and what happened meanwhile."""
        merged: list[tuple[Entry, Entry | None, bool, str]] = []
        seen: set[str] = set()
        for row in self.typed:
            saved = self._by_name.get(row.was or (row.entry.name if row.entry else ""))
            if saved:
                seen.add(saved.name)
            now = entry_state(self.category, saved) if saved else ""
            is_other = now != row.base
            mine = row.entry
            is_mine = mine is None or row.base != entry_state(self.category, mine)
            if (
                row.is_left_hidden
                and mine
                and saved
                and (mine.name, mine.kind, mine.is_sticky) == (saved.name, saved.kind, saved.is_sticky)
            ):
                is_mine = False
            if not is_mine and saved is None:
                continue
            if not is_mine and saved:
                merged.append((saved, saved, False, "Changed meanwhile." if is_other else ""))
            elif saved and (mine is None or mine != saved):
                merged.append((mine or saved, saved, mine is None, self._both(saved) if is_other else ""))
            elif saved:
                merged.append((saved, saved, False, ""))
            elif mine:
                merged.append((mine, None, False, "Removed meanwhile; saving brings it back." if row.was else ""))
        added = [entry for entry in self.present if entry.name not in seen]
        return [*merged, *((entry, entry, False, "Added meanwhile.") for entry in added)]

    def _both(self, saved: Entry) -> str:
        if self._is_secret:
            return "Changed meanwhile: another value is in force, which is hidden."
        kind = f" ({saved.kind})" if self.category == Category.CONNECTION_STRINGS else ""
        sticky = ", a slot setting" if saved.is_sticky else ""
        value = " ".join(part for part in shown(self.category, saved) if part)
        return f"Changed meanwhile: in force is '{value}'{kind}{sticky}."
