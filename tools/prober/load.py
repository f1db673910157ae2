"""Runs many clients in a thread of its own, while the thread that started it swaps."""

import asyncio
import contextlib
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from tools.prober.client import Client
from tools.prober.records import Record

PREPARE_SECONDS = 60.0
STOP_SECONDS = 60.0


class Load:
    """A context manager: the clients send requests from its entry to its exit.

    Entering raises what the preparation of a client raises (SignInFailed).
    """

    def __init__(self, clients: Sequence[Client]) -> None:
        self._clients = clients
        self._records: list[Record] = []
        self._is_ready = threading.Event()
        self._error: BaseException | None = None
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(target=self._work, name="prober", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._is_ready.wait(PREPARE_SECONDS):
            self.stop()
            raise TimeoutError(f"the clients were not ready within {PREPARE_SECONDS:g} s")
        if self._error:
            self.stop()
            raise self._error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if error is None and self._error:
            raise self._error

    @property
    def records(self) -> list[Record]:
        """What has been answered so far."""
        return list(self._records)

    @property
    def count(self) -> int:
        """How many requests have been answered so far."""
        return len(self._records)

    def stop(self) -> None:
        """Let the requests under way end, then end."""
        if self._thread.is_alive():
            with contextlib.suppress(RuntimeError):  # the clients ended by themselves just now, and closed the loop
                self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(STOP_SECONDS)
            if self._thread.is_alive():
                raise TimeoutError(f"the clients did not end within {STOP_SECONDS:g} s")

    def _work(self) -> None:
        try:
            self._loop.run_until_complete(self._run())
        except BaseException as error:  # handed to the thread that started this one
            self._error = error
        finally:
            self._is_ready.set()
            self._loop.close()

    async def _run(self) -> None:
        for client in self._clients:
            await client.prepare()
        self._is_ready.set()
        async with asyncio.TaskGroup() as group:
            for client in self._clients:
                group.create_task(client.run(self._records.append, self._stopping), name=client.name)
