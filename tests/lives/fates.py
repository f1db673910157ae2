"""What happens while an operation is worked on."""

from dataclasses import dataclass

from hypothesis import strategies as st


@dataclass(frozen=True)
class Fate:
    """How those who work on an operation fare."""

    deaths: tuple[int, ...] = ()
    """Statements after which one worker after the other dies."""
    is_answered_badly: bool = False
    refused_from: int = 0
    """The routers refuse the tables from this publication on; 0: they take all."""
    has_rival: bool = False
    """Somebody else asks for a swap before anything is done."""

    @property
    def may_fail(self) -> bool:
        """Whether the operation may end differently from what was asked."""
        return self.is_answered_badly or bool(self.refused_from)


DEATHS = st.builds(Fate, deaths=st.lists(st.integers(1, 150), min_size=1, max_size=3).map(tuple))
SURVIVED = st.one_of(st.just(Fate()), DEATHS)
"""Nothing that an operation could fail for."""
FATES = st.one_of(
    st.just(Fate()),
    st.just(Fate(has_rival=True)),
    DEATHS,
    st.just(Fate(is_answered_badly=True)),
    st.builds(Fate, refused_from=st.integers(1, 3)),
)
