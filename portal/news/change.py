"""What has changed, and what a person is told of it."""

import json
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Change:
    """One change of a site, or of what one person sees."""

    site: str = ""
    """Its name; empty: of no site in particular."""
    subscription_id: int | None = None
    actor_id: int | None = None
    """The person whose notification bar speaks of it."""
    is_state: bool = False
    """Whether a list shows it: what begins or ends, not the steps between."""
    is_list: bool = False
    """Whether a web site or a slot is new or gone."""
    also: frozenset[int] = frozenset()
    """People who could see a site that is gone, with their roles in it."""


@dataclass
class News:
    """What one person is told after a look."""

    sites: set[str] = field(default_factory=set)
    is_state: bool = False
    is_list: bool = False
    is_mine: bool = False

    def add(self, change: Change, user_id: int) -> None:
        """Also that one."""
        if change.site:
            self.sites.add(change.site)
        self.is_state |= change.is_state
        self.is_list |= change.is_list
        self.is_mine |= change.actor_id == user_id

    def merge(self, other: "News") -> None:
        """Also what another look has found."""
        self.sites |= other.sites
        self.is_state |= other.is_state
        self.is_list |= other.is_list
        self.is_mine |= other.is_mine

    def text(self) -> str:
        """JSON for static/js/news.js."""
        said = {"sites": sorted(self.sites), "state": self.is_state, "list": self.is_list, "mine": self.is_mine}
        return json.dumps(said)
