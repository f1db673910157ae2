"""A simple model of one site: who serves what, with which settings, and what would be refused."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field

Settings = dict[str, str]
MAX_INSTANCES = {"free": 1, "shared": 6, "standard": 10}


@dataclass
class Cargo:
    """What travels on a swap: content and the settings that are not sticky. Without content: the placeholder."""

    content: str | None = None
    settings: Settings = field(default_factory=dict)


@dataclass
class Place:
    """A slot: what stays when the cargo goes."""

    cargo: Cargo
    count: int = 1
    is_running: bool = True
    sticky: Settings = field(default_factory=dict)
    is_auto_swapped: bool = False
    served: tuple[str | None, Settings] | None = None
    """Content and settings of the instances that visitors reach; settings that failed to be rolled out differ."""

    def stored(self) -> tuple[str | None, Settings]:
        """What the next successful operation brings into service."""
        return self.cargo.content, {**self.cargo.settings, **self.sticky}


@dataclass(frozen=True)
class Undo:
    """What production held before the last swap, and what stuck to the slots then."""

    content: str | None
    settings: Settings
    sticky_names: frozenset[str]


@dataclass(frozen=True)
class Grave:
    """What was deleted in one operation, and can come back."""

    places: dict[str, Place]
    mode: str
    sticky_names: set[str]


@dataclass
class Model:
    """One site with production and perhaps staging; without production it is deleted."""

    production: Place | None
    staging: Place | None
    mode: str = "standard"
    sticky_names: set[str] = field(default_factory=set)
    undo: Undo | None = None
    is_previewed: bool = False
    grave: Grave | None = None
    """Of the last deletion."""

    def place(self, name: str) -> Place | None:
        """The slot of that name, None when there is none."""
        return self.production if name == "production" else self.staging

    def places(self) -> dict[str, Place]:
        """The slots that there are."""
        both = {"production": self.production, "staging": self.staging}
        return {name: place for name, place in both.items() if place is not None}

    def may_swap(self) -> bool:
        """Whether a swap would be taken now."""
        return self.may_swap_into() and self.staging.cargo.content is not None

    def may_swap_into(self) -> bool:
        """As `may_swap`, for content that staging is only to get."""
        if self.staging is None or self.is_previewed or self.mode != "standard":
            return False
        return self.staging.is_running and self.production.is_running

    def may_publish(self, name: str) -> bool:
        """Whether a publication would be taken now; one that goes on into production needs a swap."""
        place = self.place(name)
        return not self.is_previewed and (place is None or not place.is_auto_swapped or self.may_swap_into())

    def may_have(self, count: int) -> bool:
        """Whether the mode allows a slot so many instances."""
        return count <= MAX_INSTANCES[self.mode]

    def may_restore(self) -> bool:
        """Whether what was deleted last would be made again now."""
        if self.grave is None or "production" in self.grave.places:
            return self.grave is not None and self.production is None
        return self.production is not None and self.staging is None and self.mode == "standard"

    def may_roll_back(self) -> bool:
        """Whether a roll-back would be taken now."""
        return self.undo is not None and self.may_swap()

    def bring_up(self, *names: str) -> None:
        """An operation on these slots has succeeded: what is stored is what is served."""
        for name in names:
            place = self.place(name)
            place.served = place.stored() if place.is_running else None

    def configure(self, name: str, entries: dict[str, tuple[str, bool]]) -> None:
        """Replace a slot's settings; a name sticks in every slot of the site or in none."""
        place = self.place(name)
        place.cargo.settings.clear()
        place.sticky.clear()
        for key, (value, is_sticky) in entries.items():
            self._make_sticky(key, is_sticky, [other for other in self.places().values() if other is not place])
            (place.sticky if is_sticky else place.cargo.settings)[key] = value

    def _make_sticky(self, key: str, is_sticky: bool, others: list[Place]) -> None:
        if (key in self.sticky_names) == is_sticky:
            return
        (self.sticky_names.add if is_sticky else self.sticky_names.discard)(key)
        for other in others:
            old, new = other.cargo.settings, other.sticky
            if not is_sticky:
                old, new = new, old
            if key in old:
                new[key] = old.pop(key)

    def show_preview(self) -> None:
        """Staging's address shows its content under production's sticky settings."""
        self.is_previewed = True
        cargo = self.staging.cargo
        self.staging.served = cargo.content, {**cargo.settings, **self.production.sticky}

    def exchange(self) -> None:
        """The two cargos change places."""
        self.production.cargo, self.staging.cargo = self.staging.cargo, self.production.cargo
        self.bring_up("production", "staging")

    def swap(self) -> None:
        """A completed swap; from now on it can be undone."""
        before = self.production.cargo
        self.undo = Undo(before.content, dict(before.settings), frozenset(self.sticky_names))
        self.is_previewed = False
        self.exchange()

    def roll_back(self, *, to_unaltered: bool) -> None:
        """The last swap undone, with staging as it is now or as it was then."""
        if to_unaltered:
            kept = {key: value for key, value in self.undo.settings.items() if key not in self.sticky_names}
            theirs = self.production.cargo.settings
            kept |= {key: theirs[key] for key in theirs.keys() & self.undo.sticky_names}
            self.staging.cargo.content, self.staging.cargo.settings = self.undo.content, kept
        self.undo = None
        self.exchange()

    def enable(self, *, is_cloned: bool) -> None:
        """A new staging slot without content, with production's settings as values of its own."""
        production = self.production
        cargo = Cargo(None, dict(production.cargo.settings) if is_cloned else {})
        self.staging = Place(cargo, sticky=dict(production.sticky) if is_cloned else {})

    def publish(self, name: str, content: str) -> None:
        """Content is published, and goes on into production where auto swap is on."""
        place = self.place(name)
        place.cargo.content = content
        if place.is_auto_swapped:
            self.swap()
        else:
            self.bring_up(name)

    def change_mode(self, mode: str) -> None:
        """What is above the new mode's limit goes."""
        self.mode = mode
        for place in self.places().values():
            place.count = min(place.count, MAX_INSTANCES[mode])
        self.bring_up(*self.places())

    def delete_staging(self) -> None:
        """Only production is left, and nothing to return to."""
        self._bury({"staging": self.staging})
        self.staging = self.undo = None

    def delete_site(self) -> None:
        """Nothing is left."""
        self._bury(self.places())
        self.production = self.staging = self.undo = None

    def _bury(self, places: dict[str, Place]) -> None:
        self.grave = Grave(copy.deepcopy(places), self.mode, set(self.sticky_names))

    def restore(self) -> None:
        """What was deleted is back, with settings that stick as far as their names do now."""
        grave, self.grave = self.grave, None
        if "production" in grave.places:
            self.mode, self.sticky_names = grave.mode, set(grave.sticky_names)
        for name, place in grave.places.items():
            found = {**place.cargo.settings, **place.sticky}
            place.sticky = {key: value for key, value in found.items() if key in self.sticky_names}
            place.cargo.settings = {key: value for key, value in found.items() if key not in self.sticky_names}
            place.count = min(place.count, MAX_INSTANCES[self.mode])
            setattr(self, name, place)
        self.bring_up(*grave.places)
