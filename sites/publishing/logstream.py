"""The log stream of a slot for programs, as Kudu has it: text, a line for each line that the application writes."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET

from sites.door.answer import Endless, note
from sites.errors import TooManyTails
from sites.models import Slot
from sites.monitoring.output import Line
from sites.monitoring.tails import Tails, tails
from sites.publishing.authentication import publisher_of, with_slot
from sites.publishing.lasting import lasting

SILENCE_SECONDS = 30.0
"""After so long without a line the stream says so, or whoever is between would take it for dead."""
CHECK_SECONDS = 10.0
"""After so long no line is given before the credentials were looked at again."""
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
    still = lasting(publisher_of(request), slot)
    return note(answer, Endless(partial(pieces, tails, slot.pk, words, still)))


async def pieces(all_tails: Tails, slot_id: int, words: str, may_go_on: Callable[[], bool]) -> AsyncGenerator[bytes]:
    """The text of the stream, until the reader is too slow or may not read it any more."""
    try:
        checked = time.monotonic()
        async with aclosing(all_tails.follow(slot_id, SILENCE_SECONDS)) as followed:
            async for lines in followed:
                if time.monotonic() >= checked + CHECK_SECONDS:
                    if not await asyncio.to_thread(may_go_on):
                        yield b"The credentials of this stream do not hold any more.\n"
                        return
                    checked = time.monotonic()
                if text := _text(lines, words):
                    yield text
        yield b"The stream ends here: it was read too slowly, or Greenroom stops. Ask again.\n"
    except TooManyTails as refusal:
        yield f"{refusal}\n".encode()


def _text(lines: list[Line], words: str) -> bytes:
    if not lines:
        return f"No new line within {SILENCE_SECONDS:.0f} seconds.\n".encode()
    return "".join(f"{line.whole}\n" for line in lines if line.contains(words)).encode()
