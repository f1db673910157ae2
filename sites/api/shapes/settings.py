"""The configuration of a slot: shown with secrets hidden, and changed entry by entry."""

from ninja import Schema
from pydantic import Field

from sites.api.shapes.common import Asked
from sites.errors import Fault
from sites.models import Category, Slot
from sites.services.captions import caption_of
from sites.services.entry import MASKED, TRAVELLING, Entry

CATEGORIES = (
    Category.GENERAL,
    Category.APP_SETTINGS,
    Category.CONNECTION_STRINGS,
    Category.HANDLER_MAPPINGS,
    Category.MONITORING,
    Category.DEFAULT_DOCUMENTS,
    Category.WARMUP,
    Category.MOUNTS,
)
MAX_ENTRIES = 1000


class EntryShown(Schema):
    """One entry."""

    name: str
    value: str | None = Field(description="null: it is hidden; reveal=true shows it and is recorded")
    type: str = Field(description="of a connection string; 'travelling' for a folder that goes along with a swap")
    is_sticky: bool = Field(description="stays with its slot on a swap")


class SwapSettings(Schema):
    """What a slot keeps for its swaps."""

    drain_limit_seconds: int
    rollback_window_seconds: int
    is_auto_swapped: bool


class SettingsShown(Schema):
    """All of it. The ETag is for If-Match of a change."""

    entries: dict[Category, list[EntryShown]]
    swaps: SwapSettings
    is_in_force: bool = Field(description="false: what runs was started under former settings")


class EntryAsked(Asked):
    """What one entry should be; what is left out stays as it is."""

    value: str | None = Field(default=None, max_length=200_000)
    type: str | None = Field(default=None, max_length=40, description="of a connection string")
    is_sticky: bool | None = None


Entries = dict[str, EntryAsked | str | None]
"""By name: a value, more than a value, or null to remove it."""


class SwapSettingsAsked(Asked):
    """What is left out stays as it is."""

    drain_limit_seconds: int | None = Field(default=None, ge=0, le=3600)
    rollback_window_seconds: int | None = Field(default=None, ge=0, le=86_400)
    is_auto_swapped: bool | None = None


class SettingsAsked(Asked):
    """A change, as JSON Merge Patch (RFC 7396): names that are left out stay as they are, and null removes one."""

    general: Entries = Field(default_factory=dict, max_length=MAX_ENTRIES)
    app_settings: Entries = Field(default_factory=dict, max_length=MAX_ENTRIES)
    connection_strings: Entries = Field(default_factory=dict, max_length=MAX_ENTRIES)
    handler_mappings: Entries = Field(default_factory=dict, max_length=MAX_ENTRIES)
    monitoring: Entries = Field(default_factory=dict, max_length=MAX_ENTRIES)
    warmup: Entries = Field(default_factory=dict, max_length=MAX_ENTRIES)
    mounts: Entries = Field(default_factory=dict, max_length=MAX_ENTRIES)
    default_documents: list[str] | None = Field(default=None, max_length=100)
    swaps: SwapSettingsAsked = Field(default_factory=SwapSettingsAsked)


def describe_settings(
    slot: Slot, present: dict[Category, list[Entry]], *, is_in_force: bool, revealed: dict[Category, dict[str, str]]
) -> SettingsShown:
    """For an answer; of what is masked only the values in `revealed` are shown."""

    def value(category: Category, entry: Entry) -> str | None:
        return revealed.get(category, {}).get(entry.name) if category in MASKED else entry.value

    return SettingsShown(
        entries={
            category: [
                EntryShown(name=entry.name, value=value(category, entry), type=entry.kind, is_sticky=entry.is_sticky)
                for entry in entries
            ]
            for category, entries in present.items()
        },
        swaps=SwapSettings(
            drain_limit_seconds=slot.drain_limit_seconds,
            rollback_window_seconds=slot.rollback_window_seconds,
            is_auto_swapped=slot.is_auto_swapped,
        ),
        is_in_force=is_in_force,
    )


def changed_entries(
    asked: SettingsAsked, present: dict[Category, list[Entry]], sticky: dict[Category, frozenset[str]]
) -> dict[Category, list[Entry]]:
    """The categories that `asked` makes different, whole, without what has no value (`faults_of_absent`)."""
    wanted: dict[Category, list[Entry]] = {
        category: _merged(category, getattr(asked, category.value), entries, sticky.get(category, frozenset()))
        for category, entries in present.items()
        if category != Category.DEFAULT_DOCUMENTS
    }
    if asked.default_documents is not None:
        documents = enumerate(asked.default_documents, start=1)
        wanted[Category.DEFAULT_DOCUMENTS] = [Entry(f"{place:03}", name) for place, name in documents]
    return {category: entries for category, entries in wanted.items() if entries != present[category]}


def _merged(category: Category, asked: Entries, present: list[Entry], sticky: frozenset[str]) -> list[Entry]:
    found = {entry.name: entry for entry in present}
    for name, change in asked.items():
        given = EntryAsked(value=change) if isinstance(change, str) else change
        if given is None:
            found.pop(name, None)
        elif given.value is not None or name in found:
            found[name] = _entry(category, name, given, found.get(name), is_sticky=name in sticky)
    return sorted(found.values(), key=lambda entry: entry.name)


def faults_of_absent(asked: SettingsAsked, present: dict[Category, list[Entry]]) -> list[Fault]:
    """New entries without a value."""
    faults = []
    for category, entries in present.items():
        names = {entry.name for entry in entries}
        given = getattr(asked, category.value) if category != Category.DEFAULT_DOCUMENTS else {}
        for name, change in given.items():
            if isinstance(change, EntryAsked) and change.value is None and name not in names:
                caption = caption_of(category, name, "")
                faults.append(Fault((category.value, name), caption, "it is new and has no value; send one with it"))
    return faults


def _entry(category: Category, name: str, asked: EntryAsked, former: Entry | None, *, is_sticky: bool) -> Entry:
    """`is_sticky` is how the name is marked in other slots of the site; a folder stays with its slot by default."""
    value = asked.value if asked.value is not None else former.value if former else ""
    stays = former.is_sticky if former else is_sticky or category == Category.MOUNTS
    stays = stays if asked.is_sticky is None else asked.is_sticky
    if category == Category.MOUNTS:
        return Entry(name, value, "" if stays else TRAVELLING, stays)
    return Entry(name, value, _type(asked, former), stays)


def _type(asked: EntryAsked, saved: Entry | None) -> str:
    if asked.type is not None:
        return asked.type
    return saved.kind if saved else ""
