"""Logs: what the instances of a slot wrote, and what they go on writing."""

import base64
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.command_bar import DEPLOYMENT_COMMANDS
from portal.http import PortalRequest
from portal.views.site_pages import parts
from sites.access import get_slot_for_log
from sites.errors import Unreachable
from sites.models import Slot
from sites.monitoring import output, requests
from sites.monitoring.output import Line, Positions

LOGS = {"application": output, "requests": requests}
COUNTS = (200, 1000, 5000)
MAX_WORDS = 200
MAX_CURSOR_BYTES = 64 * 1024
_KEY = re.compile(r"\d{1,18}/\d{1,6}")
_POSITION = re.compile(r"\d{1,20}-\d{1,10}-\d{1,18}|\d{0,9}")


@dataclass(frozen=True)
class LogQuery:
    """What the page is asked for."""

    request: HttpRequest

    @cached_property
    def log(self) -> str:
        """Which log: application, or requests for the web server log."""
        asked = self.request.GET.get("log", "")
        return asked if asked in LOGS else "application"

    @property
    def source(self) -> ModuleType:
        """Where its lines come from."""
        return LOGS[self.log]

    @cached_property
    def words(self) -> str:
        """Only lines that contain them."""
        return self.request.GET.get("filter", "").strip()[:MAX_WORDS]

    @cached_property
    def count(self) -> int:
        """How many lines at first."""
        asked = self.request.GET.get("lines", "")
        return next((count for count in COUNTS if str(count) == asked), COUNTS[0])

    @cached_property
    def is_following(self) -> bool:
        """Whether new lines are asked for."""
        return self.request.GET.get("follow") != "0"

    @property
    def counts(self) -> tuple[int, ...]:
        """What can be chosen."""
        return COUNTS

    @property
    def other_way(self) -> str:
        """The query of the page that pauses, or that goes on."""
        follow = {"follow": "0"} if self.is_following else {}
        return urlencode({"log": self.log, "filter": self.words, "lines": self.count, **follow})


@require_safe
def logs(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """The last lines; with scripts the page goes on to show what comes."""
    slot = get_slot_for_log(request.user, site_name, slot_name)
    query = LogQuery(request)
    lines, positions, silence = _look(slot, query)
    context = {
        "query": query,
        "lines": lines,
        "cursor": encode(positions),
        "silence": silence,
        "is_switched_on": query.log == "application" or requests.is_switched_on(slot.pk),
    }
    return parts.show(request, slot, "logs", context, commands=DEPLOYMENT_COMMANDS)


@require_safe
def more(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """The lines since `after`, and where the next ones begin; part of the page."""
    slot = get_slot_for_log(request.user, site_name, slot_name)
    query, cursor = LogQuery(request), request.GET.get("after", "")
    try:
        lines, positions = query.source.since(slot.pk, decode(cursor), words=query.words)
        context = {"lines": lines, "cursor": encode(positions), "silence": ""}
    except Unreachable as error:
        context = {"lines": [], "cursor": cursor, "silence": str(error)}
    return render(request, "site/_more_lines.html", {"slot": slot, "site": slot.site, "query": query, **context})


@require_safe
def download(request: PortalRequest, site_name: str, slot_name: str) -> StreamingHttpResponse:
    """What is kept of the slot's log, as text; `?filter=` as on the page."""
    slot, query = get_slot_for_log(request.user, site_name, slot_name), LogQuery(request)
    return StreamingHttpResponse(
        _text(slot, query),
        content_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{slot.site.name}-{slot.name}-{query.log}.log"'},
    )


def encode(positions: Positions) -> str:
    """Positions as a part of an address."""
    return base64.urlsafe_b64encode(zlib.compress(json.dumps(positions).encode())).decode() if positions else ""


def decode(cursor: str) -> Positions:
    """What `encode` made; nothing from any other text."""
    try:
        inflate = zlib.decompressobj()
        data = json.loads(inflate.decompress(base64.urlsafe_b64decode(cursor), MAX_CURSOR_BYTES))
    except (ValueError, zlib.error):
        return {}
    if not isinstance(data, dict):
        return {}
    return {
        key: position
        for key, position in data.items()
        if _KEY.fullmatch(key) and isinstance(position, str) and _POSITION.fullmatch(position)
    }


def _look(slot: Slot, query: LogQuery) -> tuple[list[Line], Positions, str]:
    try:
        return *query.source.newest(slot.pk, count=query.count, words=query.words), ""
    except Unreachable as error:
        return [], {}, str(error)


def _text(slot: Slot, query: LogQuery) -> Iterator[bytes]:
    for line in query.source.kept(slot.pk, words=query.words):
        yield f"{line.whole}\n".encode()
