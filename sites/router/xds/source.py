"""Where the xDS server reads route tables from, and how it reads without blocking its event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from sites.router.roster import KnownRouter
from sites.router.table import RouteTable, Sighting

Answer = TypeVar("Answer")


class TableSource(Protocol):
    """The committed route tables, and what runs. Called from threads; any exception means that the source is away."""

    def all_tables(self) -> list[RouteTable]:
        """The table of every site."""

    def table(self, site_id: int) -> RouteTable | None:
        """The table of one site; None when there is no such site."""

    def versions(self) -> dict[int, int]:
        """Site id → `routes_version` of every site, in one query: asked every second."""

    def seen(self, node_id: str, certificate: str) -> None:
        """A router node is connected; told when it connects and some seconds apart while it stays.

        `certificate` is the fingerprint of the one that it came with; empty for the unix socket.
        """

    def routers(self) -> list[KnownRouter]:
        """All routers, with who must acknowledge and who is retired: asked every second."""

    def wake(self, slot_id: int) -> None:
        """A request waits for the instances of this slot; may be said again."""

    def sightings(self) -> list[Sighting]:
        """All instances there are, as their runtime reports them at this moment."""


def _nothing() -> None:
    pass


class SourceReader:
    """Runs the calls of a TableSource in two threads of its own, so that a slow poll delays no publishing."""

    def __init__(self, source: TableSource, before_call: Callable[[], None] = _nothing) -> None:
        self.source = source
        self._before_call = before_call
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="tables")

    async def call(self, method: Callable[..., Answer], *arguments: object) -> Answer:
        """The method's answer. Raises what the method raises."""

        def run() -> Answer:
            self._before_call()
            return method(*arguments)

        return await asyncio.get_running_loop().run_in_executor(self._threads, run)

    def close(self) -> None:
        """End the threads without waiting for a call that hangs."""
        self._threads.shutdown(wait=False, cancel_futures=True)
