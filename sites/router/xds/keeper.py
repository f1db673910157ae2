"""Keeps the cache, the nodes and the last-good file equal to the source."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from sites.router.base import Acknowledgement
from sites.router.roster import KnownRouter
from sites.router.table import RouteTable
from sites.router.xds.admission import Peer
from sites.router.xds.last_good import LastGood
from sites.router.xds.nodes import Nodes
from sites.router.xds.source import SourceReader

POLL_SECONDS = 1.0
SEEN_EVERY_POLLS = 10
ROUTERS_SECONDS = 2.0
"""How long a router that connects waits for what the source says of it; then what was read last holds."""

logger = logging.getLogger(__name__)


class Keeper:
    """Reads tables; the only one that changes the cache."""

    def __init__(self, reader: SourceReader, nodes: Nodes, last_good: LastGood) -> None:
        self._reader = reader
        self._nodes = nodes
        self._last_good = last_good
        # One thread: what is written last is what was applied last.
        self._disk = ThreadPoolExecutor(max_workers=1, thread_name_prefix="last-good")
        self.is_source_away = False
        self.is_runtime_away = False
        self._looks = asyncio.Lock()

    async def load(self) -> None:
        """Read every table, or else the last good ones, and what runs; returns only when both are complete."""
        await self._load_tables()
        while not await self._try_to_look():
            await asyncio.sleep(POLL_SECONDS)

    async def publish(self, site_id: int, version: int, wait_seconds: float) -> Acknowledgement:
        """Serve at least `version` of the site's table. Raises what the source raises.

        A new instance is looked for at once, so that its endpoint is part of what the nodes acknowledge.
        """
        known = self._nodes.cache.version(site_id)
        if known is None or known < version:
            await self._reload(site_id)
        table = self._nodes.cache.tables.get(site_id)
        if table is not None and not self._nodes.cache.is_confirmed(table):
            await self._look()
        return await self._nodes.wait(site_id, version, wait_seconds)

    async def _load_tables(self) -> None:
        while True:
            try:
                tables = await self._reader.call(self._reader.source.all_tables)
                await self._look_at_routers()
            except Exception as error:  # any failure of a database means the same here
                self._note_away(error)
            else:
                self._take_all(tables)
                self._disk.submit(self._last_good.replace, tables)
                logger.info("%d route tables read", len(tables))
                return
            last_good = await asyncio.get_running_loop().run_in_executor(self._disk, self._last_good.load)
            if last_good is not None:
                self._take_all(last_good)
                logger.warning("%d last good route tables are served until the database is back", len(last_good))
                return
            await asyncio.sleep(POLL_SECONDS)

    async def follow(self) -> None:
        """Poll for ever: what nobody published (a lost call, a restart) arrives within a second or two."""
        await asyncio.gather(self._follow_tables(), self._follow_instances())

    async def _follow_instances(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            await self._try_to_look()

    async def _follow_tables(self) -> None:
        polls = 0
        while True:
            await asyncio.sleep(POLL_SECONDS)
            self._nodes.offer_listener_again()
            try:
                await self._poll()
                if polls % SEEN_EVERY_POLLS == 0:
                    for connection in list(self._nodes.connections.values()):
                        await self._report(connection.stream.node_id, connection.peer)
            except Exception as error:  # as above
                self._note_away(error)
                continue
            polls += 1
            if self.is_source_away:
                self.is_source_away = False
                logger.info("The database is back; all route tables are up to date")

    async def wake(self, slot_id: int) -> None:
        """Have the instances of a slot started, for which a request waits. Raises what the source raises."""
        await self._reader.call(self._reader.source.wake, slot_id)

    async def greet(self, node_id: str, peer: Peer) -> None:
        """Report a node that has just connected; the poll repeats it if the source is away."""
        try:
            await self._report(node_id, peer)
        except Exception as error:  # as above
            self._note_away(error)

    async def registered(self) -> list[str] | None:
        """The nodes that the source expects; None while it is away."""
        try:
            return [router.name for router in await self._look_at_routers() if router.must_acknowledge]
        except Exception as error:  # as above
            self._note_away(error)
            return None

    async def refusal(self, node_id: str, peer: Peer) -> str:
        """Why a peer that has just connected is not let in; empty when it is.

        A certificate may be newer than what was read last. This machine's router waits for no source, because it may
        have to serve while that hangs.
        """
        if peer.certificate is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(ROUTERS_SECONDS):
                    await self.registered()
        return self._nodes.admission.refusal(node_id, peer)

    def close(self) -> None:
        """Finish writing and end the threads."""
        self._disk.shutdown(wait=True)
        self._reader.close()

    async def _report(self, node_id: str, peer: Peer) -> None:
        fingerprint = peer.certificate.fingerprint if peer.certificate else ""
        await self._reader.call(self._reader.source.seen, node_id, fingerprint)

    async def _look_at_routers(self) -> list[KnownRouter]:
        routers = await self._reader.call(self._reader.source.routers)
        self._nodes.admission.take(routers)
        return routers

    async def _poll(self) -> None:
        await self._look_at_routers()
        self._nodes.end_refused()
        versions = await self._reader.call(self._reader.source.versions)
        known = {site_id: table.version for site_id, table in self._nodes.cache.tables.items()}
        # Asked again one by one: a site may have been published between the two lines above.
        stale = [site_id for site_id, version in versions.items() if known.get(site_id, -1) < version]
        for site_id in [*stale, *(known.keys() - versions.keys())]:
            await self._reload(site_id)

    async def _reload(self, site_id: int) -> None:
        table = await self._reader.call(self._reader.source.table, site_id)
        cache = self._nodes.cache
        if table is not None and not cache.is_confirmed(table):
            await self._try_to_look()
        change = cache.remove(site_id) if table is None else cache.put(table)
        if change is None:
            return
        self._nodes.apply(change)
        if table is None:
            self._disk.submit(self._last_good.remove, site_id)
            logger.info("The routes of site %d are removed", site_id)
        else:
            self._disk.submit(self._last_good.put, table)
            logger.info("The routes of '%s' are at version %d", table.site, table.version)

    async def _look(self) -> None:
        """Have the nodes know of every endpoint that the runtime confirms now. Raises what the source raises."""
        async with self._looks:  # a report that was made earlier must not be taken later
            sightings = await self._reader.call(self._reader.source.sightings)
            for change in self._nodes.cache.see(sightings):
                self._nodes.apply(change)

    async def _try_to_look(self) -> bool:
        try:
            await self._look()
        except Exception as error:  # any failure of a runtime means the same here
            if not self.is_runtime_away:
                logger.error("The runtime cannot be asked what runs, so no new endpoint is offered: %s", error)
            self.is_runtime_away = True
            return False
        if self.is_runtime_away:
            logger.info("The runtime is back; every instance that runs is offered")
        self.is_runtime_away = False
        return True

    def _take_all(self, tables: list[RouteTable]) -> None:
        for table in tables:
            self._nodes.cache.put(table)

    def _note_away(self, error: Exception) -> None:
        if not self.is_source_away:
            logger.error("The database cannot be read, the routes stay as they are: %s", error)
        self.is_source_away = True
