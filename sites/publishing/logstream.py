"""The log stream of a slot for programs, as Kudu has it: text, a line for each line that the application writes."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial

from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET

from sites.door.answer import Endless, note
from sites.errors import TooManyTails
from sites.models import Slot
from sites.monitoring.output import Line
from sites.monitoring.tails import Tails, tails
from sites.publishing.authentication import with_slot

SILENCE_SECONDS = 30.0
"""After so long without a line the stream says so, or whoever is between would take it for dead."""
CHECKS = 10
"""Silences and portions of lines after which the credentials are compared again."""
MAX_WORDS = 200


@require_GET
@with_slot
def log_stream(request: HttpRequest, slot: Slot) -> HttpResponse:
    """What the slot's instances write from now on; `?filter=` leaves out lines without these words.

    Each line is `TIME DEPLOYMENT rREVISION/INSTANCE TEXT`. The door sends it, and no thread waits.
    """
    try:
        tails.ensure_room(slot.pk, slot.title)
    except TooManyTails as refusal:
        return JsonResponse({"code": refusal.code, "message": str(refusal)}, status=refusal.http_status)
    words = request.GET.get("filter", "")[:MAX_WORDS]
    welcome = f"The log of '{slot.title}' follows. Press Ctrl-C to end.\n"
    answer = HttpResponse(welcome, content_type="text/plain; charset=utf-8", headers={"X-Accel-Buffering": "no"})
    still = partial(_has_password, slot.pk, slot.publishing_password)
    return note(answer, Endless(partial(pieces, tails, slot.pk, words, still)))


async def pieces(all_tails: Tails, slot_id: int, words: str, may_go_on: Callable[[], bool]) -> AsyncGenerator[bytes]:
    """The text of the stream, until the reader is too slow or may not read it any more."""
    try:
        portions = 0
        async with aclosing(all_tails.follow(slot_id, SILENCE_SECONDS)) as followed:
            async for lines in followed:
                portions += 1
                if portions % CHECKS == 0 and not await asyncio.to_thread(may_go_on):
                    yield b"The credentials of this stream do not hold any more.\n"
                    return
                if text := _text(lines, words):
                    yield text
        yield b"The stream ends here: it was read too slowly, or Greenroom stops. Ask again.\n"
    except TooManyTails as refusal:
        yield f"{refusal}\n".encode()


def _text(lines: list[Line], words: str) -> bytes:
    if not lines:
        return f"No new line within {SILENCE_SECONDS:.0f} seconds.\n".encode()
    return "".join(f"{line.whole}\n" for line in lines if line.contains(words)).encode()


def _has_password(slot_id: int, password: str) -> bool:
    close_old_connections()
    try:
        slot = Slot.objects.filter(pk=slot_id).only("publishing_password").first()
        return slot is not None and slot.publishing_password == password
    finally:
        close_old_connections()
