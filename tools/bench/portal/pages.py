"""Open pages as browsers hold them: each listens, asks for itself where it is concerned, and notes when it is true."""

import asyncio
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

AS_OF = re.compile(rb'data-as-of="([\d.]+)"')
Shows = Callable[[str, "Truth"], bool]
Answered = tuple[asyncio.StreamReader, asyncio.StreamWriter, int]


@dataclass(frozen=True)
class Truth:
    """What a page must show since `at`, in seconds since 1970."""

    site: str
    deployment: str
    """Short id of what production serves."""
    operation: str
    at: float


@dataclass(frozen=True)
class Door:
    """Where the portal answers, and as whom."""

    port: int
    host: str

    async def ask(self, path: str, cookie: str, *headers: str) -> Answered:
        """Send a GET; the answer's head is read."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=2**22)
        lines = [f"GET {path} HTTP/1.1", f"Host: {self.host}", f"Cookie: {cookie}", "Connection: close", *headers]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        head = await reader.readuntil(b"\r\n\r\n")
        return reader, writer, int(head.split(b" ", 2)[1])

    async def page(self, path: str, cookie: str, *headers: str) -> tuple[int, bytes]:
        """Status and body, chunks as they are: what is looked for stands within a line, and few lines are cut."""
        reader, writer, status = await self.ask(path, cookie, *headers)
        try:
            return status, await reader.read()
        finally:
            writer.close()


@dataclass
class OpenPage:
    """One page. `watch` is what its body says in data-watch."""

    door: Door
    path: str
    cookie: str
    watch: str
    shows: Shows | None
    """None: the page is about another site, and only listens."""
    truth: Truth | None = None
    stale: list[float] = field(default_factory=list)
    asked: int = 0
    _shown: str = ""
    _shown_at: float = 0.0
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def live(self) -> None:
        """Until it is cancelled."""
        _, body = await self.door.page(self.path, self.cookie)
        found = AS_OF.search(body)
        since = found[1].decode() if found else "0"
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._refresh())
            while True:
                since = await self._listen(since)

    async def _listen(self, since: str) -> str:
        reader, writer, status = await self.door.ask(f"/news/?since={since}", self.cookie)
        try:
            while status == 200 and (line := await reader.readline()):
                if line.startswith(b"id: "):
                    since = line[4:].decode().strip()
                elif line.startswith(b"data: ") and self._concerns(json.loads(line[6:])):
                    self._news.set()
        finally:
            writer.close()
        await asyncio.sleep(1)
        return since

    def _concerns(self, news: dict) -> bool:
        if news.get("all") or news.get("mine") or news.get("list"):
            return True
        return bool(news.get("state")) if self.watch == "*" else self.watch in news.get("sites", ())

    async def _refresh(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            self.asked += 1
            status, body = await self.door.page(self.path, self.cookie, "X-Background: 1")
            self._shown, self._shown_at = body.decode("utf-8", "replace") if status == 200 else "", time.time()
            self._judge()

    def expect(self, truth: Truth) -> None:
        """From now on the page is to show that; it may do so already."""
        self.truth = truth
        self._judge()

    def _judge(self) -> None:
        if self.truth and self.shows and self.shows(self._shown, self.truth):
            self.stale.append(max(0.0, self._shown_at - self.truth.at))
            self.truth = None


def row_of_list(page: str, truth: Truth) -> bool:
    """The production row of the list names the deployment, and is at rest."""
    row = page.partition(f'data-slot="{truth.site}/production"')[2].partition("</tr>")[0]
    return truth.deployment[:7] in row and "Running" in row


def overview(page: str, truth: Truth) -> bool:
    """The dashboard of production names the deployment and the status."""
    serves = page.partition('id="serves"')[2].partition("</section>")[0]
    return truth.deployment in serves and "<dd>Running</dd>" in page.partition('id="status"')[2][:200]


def history(page: str, truth: Truth) -> bool:
    """The active deployment of production."""
    return truth.deployment in page.partition("deployment__active")[2].partition("</li>")[0]


def row_of_logs(page: str, truth: Truth) -> bool:
    """The operation has succeeded."""
    return "Succeeded" in page.partition(f'id="row-{truth.operation}"')[2].partition("</tr>")[0]
