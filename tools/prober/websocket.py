"""A client of WebSockets, which stay on the revision that they began with."""

import asyncio
from collections.abc import Callable

import aiohttp

from tools.prober.client import REFUSED_PAUSE_SECONDS, wait
from tools.prober.clock import now
from tools.prober.http import user_agent
from tools.prober.records import Record, Trouble

MESSAGE_PAUSE_SECONDS = 0.1
ANSWER_SECONDS = 10.0


class WebSocketClient:
    """Opens a WebSocket, has its texts echoed for `life_seconds`, closes it, and opens the next."""

    kind = "WebSocket"

    def __init__(
        self,
        name: str,
        address: tuple[str, int],
        hosts: tuple[str, ...],
        *,
        path: str = "/ws",
        life_seconds: float = 8.0,
    ) -> None:
        self.name = name
        self._url = f"http://{address[0]}:{address[1]}{path}"
        self._hosts = hosts
        self._life_seconds = life_seconds

    async def prepare(self) -> None:
        """See tools.prober.client.Client: nothing."""

    async def run(self, write: Callable[[Record], None], stopping: asyncio.Event) -> None:
        """See tools.prober.client.Client."""
        number = 0
        async with aiohttp.ClientSession() as session:
            while not stopping.is_set():
                record = await self._live(session, number, stopping)
                write(record)
                number += 1
                if record.trouble:
                    await wait(stopping, REFUSED_PAUSE_SECONDS)

    async def _live(self, session: aiohttp.ClientSession, number: int, stopping: asyncio.Event) -> Record:
        host = self._hosts[number % len(self._hosts)]
        sent_at = now()
        done_at = sent_at
        began_with: tuple[str, str] | None = None
        trouble: Trouble | None = None
        detail = ""
        name = f"{self.name}/{number}"
        headers = {"Host": host, "User-Agent": user_agent(name)}
        try:
            async with session.ws_connect(self._url, headers=headers, timeout=_timeout()) as socket:
                ends_at = now() + self._life_seconds
                sent = 0
                # One answer at least, even when the load ends just now: it alone says who is there
                while began_with is None or (now() < ends_at and not stopping.is_set()):
                    text = f"{self.name} {number} {sent}"
                    await socket.send_str(text)
                    version, mark, heard = (await socket.receive_str(timeout=ANSWER_SECONDS)).split(" ", 2)
                    if began_with is None:
                        began_with, done_at = (version, mark), now()
                    if heard != text:
                        trouble, detail = Trouble.BODY, f"'{text}' came back as '{heard}'"
                        break
                    if (version, mark) != began_with:
                        trouble, detail = Trouble.MOVED, f"{began_with} became {(version, mark)}"
                        break
                    sent += 1
                    await wait(stopping, MESSAGE_PAUSE_SECONDS)
        except aiohttp.ClientConnectorError as error:
            trouble, detail = Trouble.REFUSED, str(error)
        except aiohttp.WSServerHandshakeError as error:
            trouble, detail = Trouble.STATUS, f"{error.status} instead of 101"
        except TimeoutError:
            trouble, detail = Trouble.TIMEOUT, f"{ANSWER_SECONDS:g} s"
        except (aiohttp.ClientError, TypeError, ValueError, OSError) as error:
            # receive_str says a close by the other side with a TypeError
            trouble, detail = Trouble.CUT, f"{type(error).__name__}: {error}"
        version, mark = began_with or ("", "")
        return Record(
            client=self.name,
            kind=self.kind,
            connection="" if trouble is Trouble.REFUSED else name,
            host=host,
            sent_at=sent_at,
            done_at=max(done_at, sent_at) if began_with else now(),
            version=version,
            mark=mark,
            trouble=trouble,
            detail=detail,
        )


def _timeout() -> aiohttp.ClientWSTimeout:
    return aiohttp.ClientWSTimeout(ws_close=ANSWER_SECONDS)
