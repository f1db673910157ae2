"""Events for programs: a part of the list, and the stream, which follows them and holds no thread.

A stream looks with the rights that its token has at that moment, so it ends with them. One look asks for the newest
number of all; only streams that are behind it then ask for their own events.
"""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

from django.db import DatabaseError, close_old_connections
from django.db.models import Max, QuerySet
from django.http import HttpRequest, HttpResponse

from sites import access
from sites.api.asking import user_of
from sites.api.authentication import token_of
from sites.api.shapes.events import MAX_NUMBER, EventFilter, EventPart, ReadFrom, describe_event
from sites.door.answer import Endless, note
from sites.errors import RequestRefused, TooManyStreams
from sites.models import Event
from sites.services import access_tokens
from sites.webhooks.cloud_event import cloud_event

LOOK_SECONDS = 0.5
QUIET_SECONDS = 15.0
"""After so long without an event a stream says that it is there, and looks whether its token still holds."""
AT_ONCE = 100
MAX_STREAMS = 200
MAX_OF_ONE = 10
"""Of one person, whatever the number of tokens."""
RETRY_MILLISECONDS = 3000

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """What a stream shows, and how far it is."""

    token_id: int
    asked: EventFilter
    after: int
    roles: frozenset[tuple[str, int]] = frozenset()
    """Those that its person had in the beginning."""


def chosen(events: QuerySet[Event], asked: EventFilter) -> QuerySet[Event]:
    """Those of the events that were asked for."""
    if asked.site is not None:
        events = events.filter(data__site=asked.site.lower())  # also of a web site that is gone
    if asked.type is not None:
        events = events.filter(type=asked.type)
    return events.select_related("subscription")


def part_of(events: QuerySet[Event], place: ReadFrom) -> EventPart:
    """The part after a place."""
    if place.limit == 0:
        return EventPart(items=[], next=newest())
    after = place.after or 0
    items = [describe_event(one) for one in events.filter(number__gt=after)[: place.limit]]
    return EventPart(items=items, next=items[-1].number if items else after)


def newest() -> int:
    """The number of the newest event of all; 0 without one."""
    return int(Event.objects.aggregate(newest=Max("number"))["newest"] or 0)


def answer(request: HttpRequest, asked: EventFilter, after: int | None) -> HttpResponse:
    """The stream; the door sends it. Raises TooManyStreams, and RequestRefused for a Last-Event-ID that is none."""
    user = user_of(request)
    streams.ensure_room(user.pk)
    place = Place(token_of(user).pk, asked, _begin(request, after), access.roles_of(user))
    response = HttpResponse(
        f"retry: {RETRY_MILLISECONDS}\n: events follow\n\n",
        content_type="text/event-stream; charset=utf-8",
        headers={"X-Accel-Buffering": "no"},
    )
    return note(response, Endless(partial(streams.follow, user.pk, place)))


def look(place: Place) -> list[Event] | None:
    """What comes after the place; None when the token does not hold any more, or a role has ended. Runs in a thread."""
    close_old_connections()
    try:
        token = access_tokens.find_again(place.token_id)
        if token is None:
            return None
        user = access.by_token(token)
        if not place.roles <= access.roles_of(user):
            return None
        found = chosen(access.visible_events(user), place.asked)
        return list(found.filter(number__gt=place.after)[:AT_ONCE])
    finally:
        close_old_connections()


def look_for_newest() -> int:
    """As `newest`, in a thread."""
    close_old_connections()
    try:
        return newest()
    finally:
        close_old_connections()


class Streams:
    """All streams of one event loop."""

    def __init__(
        self,
        look_at: Callable[[Place], Sequence[Event] | None] = look,
        newest_of_all: Callable[[], int] = look_for_newest,
    ) -> None:
        self._look_at = look_at
        self._newest_of_all = newest_of_all
        self._of_one: Counter[int] = Counter()
        self._threads = ThreadPoolExecutor(2, "events")
        self._news = asyncio.Condition()
        self._newest = 0
        self._is_over = False
        self._task: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return self._of_one.total()

    def ensure_room(self, user_id: int) -> None:
        """Raises TooManyStreams. May be called from any thread."""
        if len(self) >= MAX_STREAMS or self._of_one[user_id] >= MAX_OF_ONE:
            raise TooManyStreams(count=self._of_one[user_id])

    async def follow(self, user_id: int, place: Place) -> AsyncGenerator[bytes]:
        """The text of one stream, until its token does not hold any more, a role has ended or the server stops."""
        try:
            self.ensure_room(user_id)
        except TooManyStreams as refusal:
            yield _comment(str(refusal))
            return
        self._of_one[user_id] += 1
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._turn())
        try:
            async for piece in self._pieces(place):
                yield piece
        finally:
            self._of_one[user_id] -= 1
            if not self._of_one[user_id]:
                del self._of_one[user_id]

    def stop(self) -> None:
        """End all streams: the server stops."""
        self._is_over = True

    async def _pieces(self, place: Place) -> AsyncGenerator[bytes]:
        loop = asyncio.get_running_loop()
        while not self._is_over:
            seen = self._newest
            try:
                found = await loop.run_in_executor(self._threads, self._look_at, place)
            except DatabaseError as error:
                logger.warning("A stream of events ends: %s", error)
                yield _comment("The stream ends here, because the database does not answer. Ask again.")
                return
            if found is None:
                yield _comment("The stream ends here: the access token does not hold any more, or a role has ended.")
                return
            for event in found:
                yield _text(event)
            if len(found) == AT_ONCE:
                place = replace(place, after=found[-1].number or place.after)
                continue
            place = replace(place, after=max(seen, place.after, *(one.number or 0 for one in found)))
            if not await self._has_news(seen):
                yield _comment("still here")

    async def _has_news(self, seen: int) -> bool:
        """Whether something happened anywhere within QUIET_SECONDS; at once when the server stops."""
        try:
            async with asyncio.timeout(QUIET_SECONDS), self._news:
                await self._news.wait_for(lambda: self._newest != seen or self._is_over)
        except TimeoutError:
            return False
        return True

    async def _turn(self) -> None:
        """One look serves all streams."""
        loop = asyncio.get_running_loop()
        while self._of_one:
            newest_number = self._newest
            try:
                newest_number = await loop.run_in_executor(self._threads, self._newest_of_all)
            except DatabaseError as error:
                logger.warning("Events cannot be followed at the moment: %s", error)
            if newest_number != self._newest or self._is_over:
                async with self._news:
                    self._newest = newest_number
                    self._news.notify_all()
            await asyncio.sleep(LOOK_SECONDS)


def _begin(request: HttpRequest, after: int | None) -> int:
    """A browser or a library that was cut off names the last event that it has got."""
    said = request.headers.get("Last-Event-ID", "")
    if said:
        if not (said.isascii() and said.isdecimal() and len(said) < 20 and int(said) <= MAX_NUMBER):
            raise RequestRefused(reason="Last-Event-ID takes an id of this stream")
        return int(said)
    return newest() if after is None else after


def _text(event: Event) -> bytes:
    data = json.dumps(cloud_event(event), ensure_ascii=False, separators=(",", ":"))
    return f"id: {event.number}\nevent: {event.type}\ndata: {data}\n\n".encode()


def _comment(text: str) -> bytes:
    return f": {text}\n\n".encode()


streams = Streams()
"""Of this process."""
