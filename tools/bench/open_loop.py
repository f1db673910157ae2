"""Requests at a fixed rate, whether or not those before were answered: a slow answer delays no later request."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from tools.prober.client import Exam, HttpClient, wait
from tools.prober.clock import now
from tools.prober.http import Call
from tools.prober.kinds import check_page
from tools.prober.records import Record

LANES = 8
"""Connections at the beginning, asked in turn, so that every worker of the router has some; more when all are busy."""
SETTLING_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Sample:
    """One request of the open loop. Times are monotonic seconds."""

    due_at: float
    """When it was to be sent; latency counts from here, so that a client's own delay is not forgotten."""
    done_at: float
    host: str
    version: str
    is_right: bool

    @property
    def latency(self) -> float:
        """Seconds."""
        return self.done_at - self.due_at


def page_of(host: str) -> Exam:
    """The first page, which comes with its checksum."""
    return Exam(Call(host, "/"), check_page)


@dataclass
class OpenLoop:
    """A client of tools.prober.load.Load. Each connection is a visitor of its own in the records."""

    name: str
    address: tuple[str, int]
    hosts: tuple[str, ...]
    rate: float
    """Requests a second, on the host names in turn."""
    exam_of: Callable[[str], Exam] = page_of
    """What is asked of a host name."""
    samples: list[Sample] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._idle: deque[HttpClient] = deque()
        self._lanes = 0
        self._under_way: set[asyncio.Task[None]] = set()

    async def prepare(self) -> None:
        """Make the first connections' clients."""
        self._idle.extend(self._lane() for _ in range(LANES))

    async def run(self, write: Callable[[Record], None], stopping: asyncio.Event) -> None:
        """See tools.prober.client.Client."""
        begins_at = now() + SETTLING_SECONDS
        number = 0
        while not stopping.is_set():
            due_at = begins_at + number / self.rate
            if (early := due_at - now()) > 0:
                await wait(stopping, early)
                if stopping.is_set():
                    break
            host = self.hosts[number % len(self.hosts)]
            task = asyncio.create_task(self._send(due_at, self.exam_of(host), write))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
            number += 1
        await asyncio.gather(*self._under_way)

    async def _send(self, due_at: float, exam: Exam, write: Callable[[Record], None]) -> None:
        lane = self._idle.popleft() if self._idle else self._lane()
        record = await lane.ask(exam)
        self._idle.append(lane)
        write(record)
        self.samples.append(Sample(due_at, record.done_at, record.host, record.version, record.trouble is None))

    def _lane(self) -> HttpClient:
        self._lanes += 1
        return HttpClient(f"{self.name} {self._lanes}", "fixed rate", self.address, _no_choice)


def _no_choice(number: int) -> Exam:
    raise AssertionError(f"request {number} was not chosen by the open loop")
