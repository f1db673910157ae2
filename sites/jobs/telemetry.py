"""What the applications write, sent to the collector of the installation every ten seconds.

Where each log is read on is stored when the collector has taken what stands before. So a line is sent twice when this
process dies in between, and none is left out for that.
"""

import json
import logging
import time
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import chain

from django.conf import settings

from sites.jobs.turns import turn
from sites.logs.stamps import in_order
from sites.models import LogDrain, Slot
from sites.models.clock import now
from sites.monitoring.output import Line, Positions, since_of_all
from sites.telemetry.collector import Collector
from sites.telemetry.logs import Entry, LogSender, NotTaken

SECONDS = 10
MAX_SECONDS = 8
"""Of one look; the next one begins with the slots for which no time was left."""
SLOTS_AT_ONCE = 50
SEND_SECONDS = 40
"""After so long nothing more is sent, whatever the collector has taken: before another worker takes over."""
TURN_SECONDS = 60
"""After so long, another worker takes over from one that has died."""

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _State:
    """What is stored between two looks."""

    began: str
    """Lines before this time are not sent: nobody wanted them when they were written."""
    positions: Positions = field(default_factory=dict)
    after: int = 0
    """The slot that was looked at last."""
    fault: str = ""
    """Why the collector took nothing at the last look."""


def is_needed() -> bool:
    """Whether anybody takes logs."""
    return settings.COLLECTOR is not None


def run() -> None:
    """One look. Raises RuntimeUnreachable; what was sent until then is not sent again."""
    with turn("send logs", seconds=TURN_SECONDS) as is_mine:
        if is_mine and settings.COLLECTOR:
            _look(settings.COLLECTOR)


def _look(collector: Collector) -> None:
    row = LogDrain.objects.first()
    state = _State(**json.loads(zlib.decompress(row.data))) if row else _State(in_order(now()))
    slots = dict(_slots(state.after))
    began = time.monotonic()
    deadline, until = began + MAX_SECONDS, began + SEND_SECONDS
    known: Positions = {}
    is_whole = True
    try:
        with LogSender(collector) as sender:
            for group in _groups(list(slots)):
                if time.monotonic() > deadline:
                    is_whole = False
                    break
                lines, positions = since_of_all(group, state.positions)
                sender.send(_entries(lines, slots, state.began), until=until)
                state.positions |= positions
                known |= positions
                state.after = group[-1]
                _store(state)
            if sender.left_out:
                logger.warning("The collector takes %d lines for wrong, so they were not sent.", sender.left_out)
    except NotTaken as fault:
        _say(state, str(fault))
        return
    _say(state, "")
    if is_whole:  # logs that are gone are not remembered
        state.positions, state.after = known, 0
    _store(state)


def _slots(after: int) -> Iterator[tuple[int, tuple[str, str]]]:
    """Number → site and slot of all that have instances, those behind `after` first."""
    rows = Slot.objects.filter(live_revision__isnull=False).order_by("pk").values_list("pk", "site__name", "name")
    found = [(pk, (site, slot)) for pk, site, slot in rows]
    return chain((one for one in found if one[0] > after), (one for one in found if one[0] <= after))


def _groups(slots: list[int]) -> Iterator[list[int]]:
    for first in range(0, len(slots), SLOTS_AT_ONCE):
        yield slots[first : first + SLOTS_AT_ONCE]


def _entries(lines: dict[int, list[Line]], slots: dict[int, tuple[str, str]], began: str) -> Iterator[Entry]:
    for slot_id, own in lines.items():
        for line in own:
            if not line.at or line.at >= began:
                yield Entry(*slots[slot_id], line.deployment, line.source, line.at, line.text)


def _say(state: _State, fault: str) -> None:
    """Into the log of Greenroom, when it has changed."""
    if fault and fault != state.fault:
        logger.warning("%s The lines wait in the logs of the instances.", fault)
    elif state.fault and not fault:
        logger.info("The collector takes logs again")
    if fault != state.fault:
        state.fault = fault
        _store(state)


def _store(state: _State) -> None:
    data = zlib.compress(json.dumps(asdict(state)).encode())
    LogDrain.objects.update_or_create(pk=1, defaults={"data": data})
