"""One KEY / VALUE row of the Configure tab as it is shown."""

from dataclasses import dataclass

from sites.models import Category
from sites.services.handler_mappings import from_value
from sites.services.setting_faults import CONNECTION_KINDS
from sites.services.settings import MASKED, Entry, entry_state, with_plain_line_ends

MAX_LINES = 10
OTHER = "•"
"""Stands for a saved value that is not shown and differs from the one in the field."""


@dataclass(frozen=True)
class EntryRow:
    """One row as it is shown. `saved` is what is in force; None: nothing of that name."""

    prefix: str
    category: Category
    entry: Entry
    saved: Entry | None = None
    kept: str = ""
    """The entry whose value the row keeps while its field is empty."""
    sealed: str = ""
    """The value as it was typed before a session ended: hidden, and sent along."""
    is_hidden: bool = False
    is_saved_hidden: bool = False
    is_asked_for: bool = False
    """Whether the person asked for this value just now."""
    is_removed: bool = False
    is_shared: bool = False
    note: str = ""
    """What somebody else did to it while it was edited."""

    @property
    def base(self) -> str:
        """What the row is compared with when it comes back."""
        return entry_state(self.category, self.saved) if self.saved else ""

    @property
    def has_lines(self) -> bool:
        """Whether a value may have several lines."""
        return self.category in MASKED

    @property
    def value(self) -> str:
        """What stands in the field; nothing of a hidden value."""
        return "" if self.is_hidden else shown(self.category, self.entry)[0]

    @property
    def lines(self) -> int:
        """How many lines of the value are in sight."""
        return min(with_plain_line_ends(self.value).count("\n") + 1, MAX_LINES)

    @property
    def arguments(self) -> str:
        """The second part of a handler mapping."""
        return shown(self.category, self.entry)[1]

    @property
    def saved_value(self) -> str:
        """The value as it is in force, for the mark of what is changed."""
        if (self.is_hidden or self.saved is None) and not self.sealed:
            return ""
        return OTHER if self.is_saved_hidden else shown(self.category, self.saved)[0]

    @property
    def saved_arguments(self) -> str:
        """The same of the second part."""
        return shown(self.category, self.saved)[1]

    @property
    def was_sticky(self) -> bool:
        """Whether the box is ticked as long as nobody touches it."""
        return (self.saved or blank(self.category)).is_sticky

    @property
    def kinds(self) -> list[tuple[str, bool, bool]]:
        """Each type of connection string, whether it is chosen, and whether it is in force."""
        saved = self.saved.kind if self.saved else ""
        chosen = self.entry.kind or "Custom"
        return [(kind, kind == chosen, kind == (saved or "Custom")) for kind in CONNECTION_KINDS]


def blank(category: Category) -> Entry:
    """What the last row begins with: a persistent folder stays with its slot unless somebody wants otherwise."""
    return Entry("", "", is_sticky=category == Category.MOUNTS)


def shown(category: Category, entry: Entry | None) -> tuple[str, str]:
    """What stands in a row's two fields; the second is of handler mappings only."""
    if entry is None:
        return "", ""
    if category != Category.HANDLER_MAPPINGS or not entry.value:
        return entry.value, ""
    return from_value(entry.value)
