"""One thing that a person or a program sent and that cannot be taken; a refusal may name several."""

from collections.abc import Sequence
from dataclasses import dataclass

from sites.counted import counted
from sites.plain_text import visible

MAX_FAULTS = 100
"""So many are named; whoever sends more than that sees the rest when these are corrected."""
MAX_CAPTION = 160
"""Characters of a caption, which may quote what was sent."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A field, by the words that stand beside it, and what is wrong with what was sent for it."""

    path: tuple[str, ...]
    """Where it is in a request of the API: ("app_settings", "COLOUR"), or ("name",) of a form."""
    caption: str
    reason: str
    """Half a sentence, or whole ones where the field has its own."""
    number: int = 0
    """Of an entry: which one of its category, from 0, because a name may be there twice."""
    part: str = "value"
    """Of an entry: name, value or type."""

    @property
    def pointer(self) -> str:
        """The path as a JSON pointer (RFC 6901)."""
        return "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in self.path)

    @property
    def title(self) -> str:
        """The caption as it can be shown, however long a name in it is."""
        return visible(self.caption if len(self.caption) <= MAX_CAPTION else f"{self.caption[: MAX_CAPTION - 1]}…")

    @property
    def said(self) -> str:
        """The reason as a sentence of its own."""
        said = visible(f"{self.reason[:1].upper()}{self.reason[1:]}")
        return said if said.endswith((".", "?")) else f"{said}."


def sentence_of(faults: Sequence[Fault]) -> str:
    """All of them for people, without what to do next."""
    if len(faults) == 1:
        return f"{faults[0].title} cannot be saved: {faults[0].reason}."
    named = " ".join(f"{fault.title}: {fault.reason.removesuffix('.')}." for fault in faults[:MAX_FAULTS])
    rest = f" And {counted(len(faults) - MAX_FAULTS, 'more value')}." if len(faults) > MAX_FAULTS else ""
    return f"{len(faults)} values cannot be saved. {named}{rest}"
