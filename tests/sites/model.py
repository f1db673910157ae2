"""A simple model of one site: who serves what, with which settings, and what would be refused."""

from __future__ import annotations

from dataclasses import dataclass, field

Settings = dict[str, str]


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
    served: tuple[str | None, Settings] | None = None
    """Content and settings of the instances that visitors reach; settings that failed to be rolled out differ."""

    def stored(self) -> tuple[str | None, Settings]:
        """What the next successful operation brings into service."""
        return self.cargo.content, {**self.cargo.settings, **self.sticky}


@dataclass(frozen=True)
class Undo:
    """What production held before the last swap."""

    content: str | None
    settings: Settings


@dataclass
class Model:
    """One site with production and perhaps staging."""

    production: Place
    staging: Place | None
    sticky_names: set[str] = field(default_factory=set)
    undo: Undo | None = None
    is_previewed: bool = False

    def place(self, name: str) -> Place | None:
        """The slot of that name, None when there is none."""
        return self.production if name == "production" else self.staging

    def places(self) -> dict[str, Place]:
        """The slots that there are."""
        both = {"production": self.production, "staging": self.staging}
        return {name: place for name, place in both.items() if place is not None}

    def may_swap(self) -> bool:
        """Whether a swap would be taken now."""
        staging = self.staging
        if staging is None or self.is_previewed:
            return False
        return staging.is_running and self.production.is_running and staging.cargo.content is not None

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
        self.undo = Undo(before.content, dict(before.settings))
        self.is_previewed = False
        self.exchange()

    def roll_back(self, *, to_unaltered: bool) -> None:
        """The last swap undone, with staging as it is now or as it was then."""
        if to_unaltered:
            kept = {key: value for key, value in self.undo.settings.items() if key not in self.sticky_names}
            self.staging.cargo.content, self.staging.cargo.settings = self.undo.content, kept
        self.undo = None
        self.exchange()

    def enable(self, *, is_cloned: bool) -> None:
        """A new staging slot without content, with production's settings as values of its own."""
        production = self.production
        cargo = Cargo(None, dict(production.cargo.settings) if is_cloned else {})
        self.staging = Place(cargo, sticky=dict(production.sticky) if is_cloned else {})

    def delete_staging(self) -> None:
        """Only production is left, and nothing to return to."""
        self.staging = self.undo = None
