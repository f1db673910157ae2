"""One entry of the configuration of a slot."""

from dataclasses import dataclass

from sites.models import Category

TRAVELLING = "travelling"
"""Kind of a persistent folder that goes along with a swap; otherwise the first swap would take the data away."""

MASKED = frozenset({Category.APP_SETTINGS, Category.CONNECTION_STRINGS})
"""Where passwords may stand: values are hidden until somebody asks, compared without being shown, never logged."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a category. `kind` is the type of a connection string, TRAVELLING of such a folder, else empty."""

    name: str
    value: str
    kind: str = ""
    is_sticky: bool = False
