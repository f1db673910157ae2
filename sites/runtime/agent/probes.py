"""HTTP requests to instances, each asked once by its id: nobody else waits for an application's answer."""

import asyncio
import logging
import os
import time
from collections.abc import Callable, Iterable

import aiohttp
from yarl import URL

from sites.plain_text import one_line
from sites.runtime.agent import http2
from sites.runtime.spec import ProbeSpec, ProbeState, ProbeStatus

CHUNK = 64 * 1024
MAX_BYTES = 256 * 1024 * 1024
"""Of an answer, which is read to its end and thrown away."""
MAX_HEADER_BYTES = 64 * 1024
FORGET_SECONDS = 600.0
"""An answer that nobody has asked for in this time is gone; who asks again has it asked again."""

logger = logging.getLogger(__name__)

Locate = Callable[[int, int], tuple[str, int] | None]
"""Address and port of an instance, by revision and ordinal; None while it has none."""


class Probes:
    """The requests that were ordered, and what they were answered."""

    def __init__(self, locate: Locate) -> None:
        self._locate = locate
        self._tasks: dict[str, asyncio.Task[ProbeStatus]] = {}
        self._asked_at: dict[str, float] = {}
        self._session: aiohttp.ClientSession | None = None

    def order(self, specs: Iterable[ProbeSpec]) -> None:
        """Begin those that were not begun under their ids before."""
        self._forget_old()
        for spec in specs:
            self._asked_at[spec.probe_id] = time.monotonic()
            if spec.probe_id not in self._tasks:
                self._tasks[spec.probe_id] = asyncio.get_running_loop().create_task(self._probe(spec))

    async def wait(self, probe_ids: Iterable[str], seconds: float) -> list[ProbeStatus]:
        """How far these are: as soon as all are answered, at the latest after that many seconds."""
        wanted = list(probe_ids)
        tasks = [self._tasks[probe_id] for probe_id in wanted if probe_id in self._tasks]
        if tasks and seconds > 0:
            await asyncio.wait(tasks, timeout=seconds)
        return [self._status(probe_id) for probe_id in wanted]

    def end(self, prefix: str) -> None:
        """Break off and forget those whose ids begin so."""
        for probe_id in [probe_id for probe_id in self._tasks if probe_id.startswith(prefix)]:
            self._forget(probe_id)

    async def close(self) -> None:
        """Break off everything."""
        tasks = list(self._tasks.values())
        self.end("")
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def _status(self, probe_id: str) -> ProbeStatus:
        task = self._tasks.get(probe_id)
        if task is None:
            return ProbeStatus(probe_id, ProbeState.UNKNOWN)
        return task.result() if task.done() else ProbeStatus(probe_id, ProbeState.RUNNING)

    def _forget_old(self) -> None:
        before = time.monotonic() - FORGET_SECONDS
        for probe_id in [probe_id for probe_id, asked_at in self._asked_at.items() if asked_at < before]:
            self._forget(probe_id)

    def _forget(self, probe_id: str) -> None:
        del self._asked_at[probe_id]
        self._tasks.pop(probe_id).cancel()

    async def _probe(self, spec: ProbeSpec) -> ProbeStatus:
        """Ask its paths one after the other, up to the first that is not answered acceptably."""
        path, answer = "/", ""
        ends_at = time.monotonic() + spec.round_seconds
        for path in spec.paths:
            left = max(ends_at - time.monotonic(), 1.0)
            answer = await self._ask(spec, path, min(spec.seconds, left))
            if not spec.accepts(answer):
                break
        return ProbeStatus(spec.probe_id, ProbeState.ANSWERED, path, answer, spec.accepts(answer))

    async def _ask(self, spec: ProbeSpec, path: str, seconds: float) -> str:
        """The status of an answer that came whole, or what came instead."""
        place = self._locate(spec.revision_id, spec.ordinal)
        if place is None:
            return "no answer (it does not run)"
        address, port = place
        if spec.speaks_http2:
            return await _ask_by_http2(spec, address, port, path, seconds)
        url = URL(f"http://{address}:{port}{path}", encoded=True)
        request = self._client().get(url, headers=spec.headers, allow_redirects=False)
        try:
            async with asyncio.timeout(seconds), request as response:
                is_whole = await _read(response)
                return str(response.status) if is_whole else f"an answer of more than {MAX_BYTES >> 20} MB"
        except TimeoutError:
            return f"no answer within {seconds:.0f} s"
        except aiohttp.ClientPayloadError:
            return "an answer that broke off"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return f"no answer ({_reason(error)})"
        except Exception:  # an application must not be able to end the agent's care for it
            logger.exception("A request to %s failed.", url)
            return "no answer (it could not be asked)"

    def _client(self) -> aiohttp.ClientSession:
        """Keeps no connection, no cookie, and follows nothing."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, force_close=True),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
                auto_decompress=False,
                max_line_size=MAX_HEADER_BYTES,
                max_field_size=MAX_HEADER_BYTES,
                skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent"),
            )
        return self._session


async def _ask_by_http2(spec: ProbeSpec, address: str, port: int, path: str, seconds: float) -> str:
    try:
        async with asyncio.timeout(seconds):
            return str(await http2.ask(address, port, path, spec.headers, most=MAX_BYTES))
    except TimeoutError:
        return f"no answer within {seconds:.0f} s"
    except http2.TooLarge:
        return f"an answer of more than {MAX_BYTES >> 20} MB"
    except http2.NoAnswer as error:
        return f"no answer ({error})"
    except OSError as error:
        return f"no answer ({os.strerror(error.errno) if error.errno else type(error).__name__})"
    except Exception:  # an application must not be able to end the agent's care for it
        logger.exception("A request by HTTP/2 to %s:%d failed.", address, port)
        return "no answer (it could not be asked)"


async def _read(response: aiohttp.ClientResponse) -> bool:
    """Read an answer to its end; False for one that is too large."""
    read = 0
    while chunk := await response.content.read(CHUNK):
        read += len(chunk)
        if read > MAX_BYTES:
            return False
    return True


def _reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorError) and error.os_error.errno is not None:
        return os.strerror(error.os_error.errno)
    return one_line(str(error)) or type(error).__name__
