"""Reading tables, publishing them and surviving a source that is away."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sites.router.authority import Certificate
from sites.router.roster import KnownRouter
from sites.router.table import RouteTable, Sighting
from sites.router.xds import keeper as module
from sites.router.xds.admission import LOCAL, Peer
from sites.router.xds.keeper import Keeper
from sites.router.xds.last_good import LastGood
from sites.router.xds.nodes import CLOSE_PORT, Nodes
from sites.router.xds.source import SourceReader
from tests.sites.router.tables import cluster, sightings, table
from tests.sites.router.xds.envoy import EDGE, make_cache


class Tables:
    """A TableSource in memory."""

    def __init__(self, *tables: RouteTable) -> None:
        self.tables = {table.site_id: table for table in tables}
        self.is_away = False
        self.instances = sightings(cluster for table in tables for cluster in table.clusters)
        self.is_runtime_away = False
        self.reads = 0
        self.nodes: list[str] = []
        self.woken: list[int] = []
        self.retired: set[str] = set()
        self.certificates: dict[str, tuple[str, ...]] = {}

    def all_tables(self) -> list[RouteTable]:
        self._check()
        return list(self.tables.values())

    def table(self, site_id: int) -> RouteTable | None:
        self._check()
        return self.tables.get(site_id)

    def versions(self) -> dict[int, int]:
        self._check()
        return {site_id: table.version for site_id, table in self.tables.items()}

    def seen(self, node_id: str, certificate: str) -> None:
        self.nodes.append(node_id)

    def routers(self) -> list[KnownRouter]:
        self._check()
        own = KnownRouter("router-1", must_acknowledge=True, is_retired="router-1" in self.retired)
        return [own, *(KnownRouter(name, True, False, given) for name, given in self.certificates.items())]

    def wake(self, slot_id: int) -> None:
        self.woken.append(slot_id)

    def sightings(self) -> list[Sighting]:
        if self.is_runtime_away:
            raise OSError("the agent is away")
        return self.instances

    def _check(self) -> None:
        if self.is_away:
            raise OSError("the database is away")
        self.reads += 1


@pytest.fixture
def source() -> Tables:
    return Tables(table(1))


@pytest.fixture
def nodes() -> Nodes:
    return Nodes(make_cache())


@pytest.fixture
def keeper(source: Tables, nodes: Nodes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Keeper]:
    monkeypatch.setattr(module, "POLL_SECONDS", 0.01)
    keeper = Keeper(SourceReader(source), nodes, LastGood(tmp_path / "last-good.sqlite3"))
    yield keeper
    keeper.close()


async def following(keeper: Keeper, condition: Callable[[], bool]) -> None:
    """Poll until `condition` holds."""
    task = asyncio.create_task(keeper.follow())
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def run(*steps: Awaitable[object]) -> None:
    async def all_steps() -> None:
        for step in steps:
            await step

    asyncio.run(all_steps())


def test_publishing_reads_a_table_that_is_newer(keeper: Keeper, source: Tables, nodes: Nodes) -> None:
    run(keeper.load())
    source.tables[1] = table(2, "r-2", "r-1")
    run(keeper.publish(1, 2, 0.1))
    assert nodes.cache.version(1) == 2
    reads = source.reads
    run(keeper.publish(1, 2, 0.1))
    assert source.reads == reads


def test_an_imagined_node_is_waited_for(keeper: Keeper, nodes: Nodes) -> None:
    async def publish() -> None:
        await keeper.load()
        nodes.connect("router-1", EDGE)
        acknowledgement = await keeper.publish(1, 1, 0.05)
        assert acknowledgement.versions == {}
        assert acknowledgement.refusals == {}

    run(publish())


def test_the_poll_finds_what_nobody_published(keeper: Keeper, source: Tables, nodes: Nodes) -> None:
    source.tables[2] = table(1, site_id=2)
    run(keeper.load())
    del source.tables[1]
    source.tables[2] = table(5, site_id=2)
    run(following(keeper, lambda: nodes.cache.version(1) is None and nodes.cache.version(2) == 5))


def test_without_the_source_the_last_good_tables_are_served(
    keeper: Keeper, source: Tables, tmp_path: Path, nodes: Nodes
) -> None:
    run(keeper.load())
    keeper.close()
    source.is_away = True
    second = Keeper(SourceReader(source), Nodes(make_cache()), LastGood(tmp_path / "last-good.sqlite3"))
    run(second.load())
    assert second._nodes.cache.tables == nodes.cache.tables
    assert second.is_source_away
    with pytest.raises(OSError, match="away"):
        run(second.publish(1, 2, 0.1))
    source.is_away = False
    run(following(second, lambda: not second.is_source_away))
    second.close()


def test_without_any_complete_set_loading_waits(keeper: Keeper, source: Tables) -> None:
    source.is_away = True

    async def load() -> None:
        loading = asyncio.create_task(keeper.load())
        await asyncio.sleep(0.05)
        assert not loading.done()
        source.is_away = False
        await asyncio.wait_for(loading, 60)

    run(load())


def test_connected_nodes_are_reported(keeper: Keeper, source: Tables, nodes: Nodes) -> None:
    nodes.connect("router-1", EDGE)
    run(keeper.load(), keeper.greet("router-1", LOCAL), following(keeper, lambda: len(source.nodes) > 1))
    assert set(source.nodes) == {"router-1"}


def is_offered(nodes: Nodes, tables: Tables) -> bool:
    """Every endpoint of every table."""
    return all(nodes.cache.is_confirmed(table) for table in tables.tables.values())


def test_loading_waits_until_the_runtime_says_what_runs(keeper: Keeper, source: Tables, nodes: Nodes) -> None:
    source.is_runtime_away = True

    async def load() -> None:
        loading = asyncio.create_task(keeper.load())
        async with asyncio.timeout(60):
            while not keeper.is_runtime_away:
                await asyncio.sleep(0.01)
        assert not loading.done()
        source.is_runtime_away = False
        await asyncio.wait_for(loading, 60)

    run(load())
    assert is_offered(nodes, source)
    assert not keeper.is_runtime_away


def test_an_instance_is_offered_as_soon_as_it_runs(keeper: Keeper, source: Tables, nodes: Nodes) -> None:
    instances, source.instances = source.instances, []
    run(keeper.load())
    assert not is_offered(nodes, source)
    source.instances = instances
    run(following(keeper, lambda: is_offered(nodes, source)))


def test_publishing_looks_for_new_instances_at_once(keeper: Keeper, source: Tables, nodes: Nodes) -> None:
    run(keeper.load())
    source.tables[1] = table(2, clusters=(cluster("r-1", 8001, 8003), cluster("r-2", 8002)))
    source.instances = sightings(source.tables[1].clusters)
    run(keeper.publish(1, 2, 0.1))
    assert is_offered(nodes, source)


def test_publishing_asks_nobody_about_instances_that_are_known(keeper: Keeper, source: Tables, nodes: Nodes) -> None:
    run(keeper.load())
    source.is_runtime_away = True
    source.tables[1] = table(2, "r-2", "r-1")
    run(keeper.publish(1, 2, 0.1))
    assert nodes.cache.version(1) == 2
    assert is_offered(nodes, source)


def test_without_the_runtime_no_new_instance_is_published_and_none_is_withdrawn(
    keeper: Keeper, source: Tables, nodes: Nodes
) -> None:
    run(keeper.load())
    before = source.tables[1]
    source.is_runtime_away = True
    source.tables[1] = table(2, clusters=(cluster("r-1", 8001, 8003), cluster("r-2", 8002)))
    with pytest.raises(OSError, match="the agent is away"):
        run(keeper.publish(1, 2, 0.1))
    with pytest.raises(OSError, match="the agent is away"):
        run(keeper.publish(1, 2, 0.1))
    assert nodes.cache.is_confirmed(before)
    assert not nodes.cache.is_confirmed(source.tables[1])


def test_a_router_that_is_retired_gives_up_its_port_and_is_cut_off(
    keeper: Keeper, source: Tables, nodes: Nodes
) -> None:
    connection = nodes.connect("router-1", EDGE)
    other = nodes.connect("router-2", EDGE)
    source.retired.add("router-1")
    run(keeper.load(), following(keeper, lambda: connection.outbox.qsize() >= 2))
    assert connection.outbox.get_nowait() == CLOSE_PORT
    assert connection.outbox.get_nowait() is None
    assert other.outbox.empty()


def test_a_retired_router_is_refused_while_the_source_is_away_too(keeper: Keeper, source: Tables) -> None:
    source.retired.add("router-1")

    async def ask() -> None:
        await keeper.load()
        source.is_away = True
        assert "is retired" in await keeper.refusal("router-1", LOCAL)
        assert await keeper.refusal("router-2", LOCAL) == ""

    run(ask())


def test_the_machines_own_router_waits_for_no_source_and_one_with_a_certificate_only_briefly(
    keeper: Keeper, source: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ROUTERS_SECONDS", 0.05)
    certificate = Certificate("router-2", "one", datetime.now(UTC) + timedelta(days=1))
    source.certificates["router-2"] = ("one",)
    hanging = threading.Event()

    async def ask() -> None:
        await keeper.load()
        monkeypatch.setattr(source, "routers", hanging.wait)
        async with asyncio.timeout(5):
            assert await keeper.refusal("router-1", LOCAL) == ""
            assert await keeper.refusal("router-2", Peer("1", certificate)) == ""
        hanging.set()

    run(ask())


def test_a_new_certificate_is_known_at_once(keeper: Keeper, source: Tables) -> None:
    certificate = Certificate("router-2", "one", datetime.now(UTC) + timedelta(days=1))

    async def ask() -> None:
        await keeper.load()
        assert "is not valid any more" in await keeper.refusal("router-2", Peer("1", certificate))
        source.certificates["router-2"] = ("one",)
        assert await keeper.refusal("router-2", Peer("1", certificate)) == ""

    run(ask())
