"""What the instances of a slot wrote, as lines with time, instance, revision and deployment."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from sites.logs.stamps import parted
from sites.monitoring.windows import Window, windows_of
from sites.plain_text import log_text
from sites.runtime.registry import get_runtime
from sites.runtime.spec import OutputOrder, OutputPiece

MAX_BYTES = 256 * 1024
"""Of the end of each log."""
MAX_DOWNLOADED_BYTES = 2 * 1024 * 1024
"""The same, for a download."""
UNKNOWN = "}"
"""The time of a line without one: after every beginning and before no end, so that it is in the present window."""
LINE_LENGTH = 4000
"""Of a longer line the rest is left out."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line; `text` and `whole` can do nothing to what shows them."""

    at: str
    """RFC 3339 in UTC with milliseconds; empty where nobody has written it down."""
    revision_id: int
    ordinal: int
    deployment: str
    text: str

    @property
    def source(self) -> str:
        """Revision and instance, `r12/1` for the first one; `-` for the router."""
        return f"r{self.revision_id}/{self.ordinal + 1}" if self.revision_id else "-"

    @property
    def whole(self) -> str:
        """As a program reads it: time, deployment, revision and instance, text."""
        return f"{self.at} {self.deployment} {self.source} {self.text}"

    def contains(self, words: str) -> bool:
        """Whether all that is shown of it contains `words`, in whatever case."""
        return words.lower() in self.whole.lower()


Positions = dict[str, str]
"""`revision/ordinal` → where to read on."""


def newest(slot_id: int, *, count: int, words: str = "") -> tuple[list[Line], Positions]:
    """The last `count` lines of a slot that contain `words`, and where to read on. Raises RuntimeUnreachable."""
    windows = windows_of([slot_id])
    pieces = _read(windows[slot_id], {}, MAX_BYTES)
    lines = [line for line in lines_by_slot(pieces, windows)[slot_id] if line.contains(words)]
    is_open = {window.revision_id: window.is_open for window in windows[slot_id]}
    return lines[-count:] if count else [], positions_of(piece for piece in pieces if is_open[piece.revision_id])


def since(slot_id: int, positions: Mapping[str, str], *, words: str = "") -> tuple[list[Line], Positions]:
    """What a slot wrote since these positions, and the next ones. Raises RuntimeUnreachable."""
    windows = windows_of([slot_id])
    pieces = _read([window for window in windows[slot_id] if window.is_open], positions, MAX_BYTES)
    lines = lines_by_slot(pieces, windows)[slot_id]
    return [line for line in lines if line.contains(words)], positions_of(pieces)


def since_of_all(slot_ids: Collection[int], positions: Mapping[str, str]) -> tuple[dict[int, list[Line]], Positions]:
    """By slot: what these wrote since the positions, and the next ones. Raises RuntimeUnreachable."""
    windows = windows_of(slot_ids)
    is_open = [window for window in chain.from_iterable(windows.values()) if window.is_open]
    pieces = _read(is_open, positions, MAX_BYTES)
    return lines_by_slot(pieces, windows), positions_of(pieces)


def kept(slot_id: int, *, words: str = "") -> Iterator[Line]:
    """The newest MAX_DOWNLOADED_BYTES of each log of a slot, one revision after the other.

    Raises RuntimeUnreachable.
    """
    windows = windows_of([slot_id])
    for revision_id in sorted({window.revision_id for window in windows[slot_id]}):
        order = OutputOrder((revision_id,), {}, MAX_DOWNLOADED_BYTES)
        for line in lines_by_slot(get_runtime().read_output(order), windows)[slot_id]:
            if line.contains(words):
                yield line


def positions_of(pieces: Iterable[OutputPiece]) -> Positions:
    """Where these logs are read on."""
    return {piece.key: piece.position for piece in pieces}


def lines_by_slot(pieces: Collection[OutputPiece], windows: Mapping[int, Collection[Window]]) -> dict[int, list[Line]]:
    """The lines of the pieces in the order of time, each in the slot to whose window it belongs."""
    found: dict[int, list[Line]] = {slot_id: [] for slot_id in windows}
    for slot_id, own in windows.items():
        for piece in pieces:
            spans = [window for window in own if window.revision_id == piece.revision_id]
            if spans:
                found[slot_id] += _within(piece, spans)
        found[slot_id].sort(key=lambda line: line.at)
    return found


def _read(windows: Iterable[Window], positions: Mapping[str, str], max_bytes: int) -> list[OutputPiece]:
    ids = tuple(sorted({window.revision_id for window in windows}))
    return get_runtime().read_output(OutputOrder(ids, dict(positions), max_bytes))


def _within(piece: OutputPiece, spans: list[Window]) -> Iterator[Line]:
    at = ""
    is_first = True
    for raw in piece.text.removesuffix("\n").split("\n") if piece.text else ():
        stamp, text = parted(raw)
        at = stamp or at
        for span in spans:
            if span.since <= (at or UNKNOWN) < span.until:
                if is_first and piece.left_out:
                    note = f"[Greenroom left out {piece.left_out:,} bytes here: they are older than what is shown.]"
                    yield Line(at, piece.revision_id, piece.ordinal, span.deployment, note)
                yield Line(at, piece.revision_id, piece.ordinal, span.deployment, shown(text))
                is_first = False


def shown(text: str) -> str:
    """What somebody wrote, so that it can do nothing to what shows it."""
    text = text.removesuffix("\r")
    return log_text(text[:LINE_LENGTH]) + (" …" if len(text) > LINE_LENGTH else "")
