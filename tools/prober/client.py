"""A client: sends one request after the other and writes down how each was answered."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tools.prober.clock import now
from tools.prober.http import Answer, AnswerBroken, Call, Connection, ConnectionRefused, Wire
from tools.prober.records import Record, Trouble

REFUSED_PAUSE_SECONDS = 0.05
"""Between attempts to connect while nobody listens, so that an outage is not counted by the speed of the loop."""


@dataclass(frozen=True, slots=True)
class Exam:
    """A request and what makes its answer right."""

    call: Call
    check: Callable[[Answer], str]
    """Says what is wrong with the body, or nothing."""
    status: int = 200


class Client(Protocol):
    """What a load is made of."""

    name: str

    async def prepare(self) -> None:
        """Whatever must be done before the load begins."""

    async def run(self, write: Callable[[Record], None], stopping: asyncio.Event) -> None:
        """Send requests until `stopping` is set; the one under way is finished first."""


class HttpClient:
    """Sends the exams of `choose` one by one on a keep-alive connection, or each on a connection of its own."""

    def __init__(
        self,
        name: str,
        kind: str,
        address: tuple[str, int],
        choose: Callable[[int], Exam],
        *,
        pause_seconds: float = 0.0,
        keeps_alive: bool = True,
        limit_seconds: float = 30.0,
        wire: Wire | None = None,
    ) -> None:
        """`wire` is the connection in place of one of plain HTTP/1.1."""
        self.name = name
        self._kind = kind
        self._connection = wire or Connection(*address, name)
        self._choose = choose
        self._pause_seconds = pause_seconds
        self._keeps_alive = keeps_alive
        self._limit_seconds = limit_seconds

    async def prepare(self) -> None:
        """See Client: nothing."""

    async def run(self, write: Callable[[Record], None], stopping: asyncio.Event) -> None:
        """See Client."""
        number = 0
        while not stopping.is_set():
            record = await self.ask(self._choose(number))
            write(record)
            number += 1
            pause = REFUSED_PAUSE_SECONDS if record.trouble is Trouble.REFUSED else self._pause_seconds
            if pause:
                await wait(stopping, pause)
        self._connection.close()

    async def ask(self, exam: Exam) -> Record:
        """Send one request, once."""
        is_reopened = False
        sent_at = now()
        try:
            async with asyncio.timeout(self._limit_seconds):
                is_reopened = await self._connection.prepare()
                sent_at = now()
                answer = await self._connection.exchange(exam.call)
        except ConnectionRefused as error:
            return self._record(exam, "", sent_at, trouble=Trouble.REFUSED, detail=str(error))
        except AnswerBroken as error:
            return self._record(exam, self._connection.name, sent_at, trouble=Trouble.BROKEN, detail=str(error))
        except TimeoutError:
            self._connection.close()
            limit = f"{self._limit_seconds:g} s"
            return self._record(exam, self._connection.name, sent_at, trouble=Trouble.TIMEOUT, detail=limit)
        trouble, detail = self.judge(exam, answer)
        record = self._record(
            exam,
            self._connection.name,
            sent_at,
            version=answer.header("x-version"),
            mark=answer.header("x-slot"),
            trouble=trouble,
            detail=detail,
            is_reopened=is_reopened,
        )
        if not self._keeps_alive:
            self._connection.close()
        return record

    def judge(self, exam: Exam, answer: Answer) -> tuple[Trouble | None, str]:
        """Whether a complete answer is the right one; its version and slot are for the analysis."""
        if answer.status != exam.status:
            start = answer.body[:120].decode("utf-8", "replace")
            return Trouble.STATUS, f"{answer.status} instead of {exam.status} to {exam.call.path}: {start}"
        wrong = exam.check(answer)
        return (Trouble.BODY, f"{exam.call.path}: {wrong}") if wrong else (None, "")

    def _record(self, exam: Exam, connection: str, sent_at: float, **rest: object) -> Record:
        return Record(
            client=self.name,
            kind=self._kind,
            connection=connection,
            host=exam.call.host,
            sent_at=sent_at,
            done_at=now(),
            **rest,  # type: ignore[arg-type]
        )


async def wait(stopping: asyncio.Event, seconds: float) -> None:
    """Pause, but not longer than until the end."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), seconds)
