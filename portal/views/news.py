"""The stream by which an open page learns that it has to look again."""

import math
from functools import partial

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.http import PortalRequest
from portal.news.streams import streams
from sites.door.answer import Endless, note

RETRY_MS = 1000


@require_safe
def news(request: PortalRequest) -> HttpResponse:
    """Server-sent events: `{"sites": [names], "state", "list", "mine": booleans}`, or `{"all": true}` where it is not
    known what the page has missed since `?since=`, in seconds since 1970. The door sends them, and no thread waits.

    204, after which a browser asks no more, where the person listens with too many pages already.
    """
    if not streams.has_room(request.user.pk):
        return HttpResponse(status=204)
    since = _moment(request.headers.get("Last-Event-ID") or request.GET.get("since", ""))
    welcome = f"retry: {RETRY_MS}\n\n"
    answer = HttpResponse(welcome, content_type="text/event-stream; charset=utf-8", headers={"X-Accel-Buffering": "no"})
    return note(answer, Endless(partial(streams.follow, request.user.pk, since)))


@require_safe
def frame(request: PortalRequest) -> HttpResponse:
    """What stands around every page, for a page that is not asked for again; `section` is where it stands."""
    return render(request, "base.html", {"section": request.GET.get("section", "")})


def _moment(text: str) -> float:
    """0 for what is no number: everything was missed."""
    try:
        moment = float(text[:32])
    except ValueError:
        return 0.0
    return moment if math.isfinite(moment) else 0.0
