"""The web server log of a slot: a line for each request, as the router has written it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from django.conf import settings
from django.db.models import Q

from sites.general_settings import WEB_SERVER_LOGGING
from sites.logs.files import blocks
from sites.logs.following import read_on
from sites.logs.stamps import parted
from sites.models import Category, SlotSetting
from sites.monitoring.output import MAX_BYTES, Line, Positions, shown
from sites.monitoring.windows import windows_of

POSITION = "0/0"
_SOURCE = re.compile(r"r(\d{1,18})/(\d{1,6}) ")


def is_switched_on(slot_id: int) -> bool:
    """Whether requests of the slot are written down at present."""
    owned = Q(slot=slot_id) | Q(workload__slot=slot_id)
    rows = SlotSetting.objects.filter(owned, category=Category.MONITORING, name=WEB_SERVER_LOGGING)
    return any(row.value == "on" for row in rows)


def newest(slot_id: int, *, count: int, words: str = "") -> tuple[list[Line], Positions]:
    """See output.newest."""
    lines, positions = since(slot_id, {}, words=words)
    return lines[-count:] if count else [], positions


def since(slot_id: int, positions: Mapping[str, str], *, words: str = "") -> tuple[list[Line], Positions]:
    """See output.since."""
    piece = read_on(_log(slot_id), positions.get(POSITION, ""), max_bytes=MAX_BYTES)
    lines = _lines(slot_id, piece.data.decode(errors="replace").splitlines())
    return [line for line in lines if line.contains(words)], {POSITION: piece.position} if piece.position else {}


def kept(slot_id: int, *, words: str = "") -> Iterator[Line]:
    """See output.kept; all of it."""
    text = b"".join(blocks(_log(slot_id))).decode(errors="replace")
    return (line for line in _lines(slot_id, text.splitlines()) if line.contains(words))


def _log(slot_id: int) -> Path:
    return settings.LOG_DIR / "requests" / str(slot_id)


def _lines(slot_id: int, raw: Iterable[str]) -> Iterator[Line]:
    deployments = {window.revision_id: window.deployment for window in windows_of([slot_id])[slot_id]}
    for one in raw:
        at, rest = parted(one)
        found = _SOURCE.match(rest)
        revision_id, ordinal = (int(found[1]), int(found[2]) - 1) if found else (0, 0)
        text = rest[found.end() :] if found else rest.removeprefix("- ")
        yield Line(at, revision_id, ordinal, deployments.get(revision_id, "-"), shown(text))
