"""A router without processes for the tests: it keeps the tables, answers at once and fails when a test asks for it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from sites.errors import RouterUnreachable
from sites.router.base import Acknowledgement, Served
from sites.router.statistics import Statistics
from sites.router.table import HostRoute, RouteTable

LoadTable = Callable[[int], RouteTable | None]


@dataclass(slots=True)
class MemoryNode:
    """One imagined router node and its mood."""

    tables: dict[int, RouteTable] = field(default_factory=dict)
    """Site id → the table that the node serves."""
    versions: dict[int, int] = field(default_factory=dict)
    refuses: str = ""
    """The words with which the node refuses every new version; empty: it takes them."""
    is_late: bool = False
    """True: the node neither takes nor refuses."""
    is_connected: bool = True


class MemoryRouter:
    """Router for tests and for machines without Envoy. Tests read and set its attributes directly."""

    def __init__(self, load: LoadTable | None = None, nodes: Iterable[str] = ("router-1",)) -> None:
        self._load = load
        self.nodes = {name: MemoryNode() for name in nodes}
        self.published: list[tuple[int, int]] = []
        """(site id, version) of every call, also of calls that failed."""
        self.in_progress: dict[str, int | None] = {}
        """Cluster → what `requests_in_progress` answers; 0 for clusters that are absent."""
        self.served: dict[str, Served | None] = {}
        """Cluster → what `requests_served` answers; nothing served for clusters that are absent."""
        self.counted = Statistics("first")
        """What `statistics` answers."""
        self.is_unreachable = False

    def use_tables(self, load: LoadTable | None) -> None:
        """Read the committed table of a site with `load`; None when the site has none (any more)."""
        self._load = load

    def publish(self, site_id: int, version: int, *, wait_seconds: float = 5.0) -> Acknowledgement:
        """As in sites.router.base. Never waits: what is late now stays late. RuntimeError without `use_tables`."""
        self.published.append((site_id, version))
        self._fail_if_unreachable()
        if self._load is None:
            raise RuntimeError("MemoryRouter has no tables to read; call use_tables first.")
        table = self._load(site_id)
        reached = version if table is None else table.version
        acknowledgement = Acknowledgement(versions={})
        for name, node in self.nodes.items():
            if not node.is_connected:
                continue
            if node.versions.get(site_id, -1) < reached:
                if node.refuses:
                    acknowledgement.refusals[name] = node.refuses
                elif not node.is_late:
                    self._take(node, site_id, table, reached)
            if site_id in node.versions:
                acknowledgement.versions[name] = node.versions[site_id]
        return acknowledgement

    def requests_in_progress(self, clusters: Iterable[str]) -> dict[str, int | None]:
        """What tests put into `in_progress`."""
        self._fail_if_unreachable()
        return {name: self.in_progress.get(name, 0) for name in clusters}

    def requests_served(self, clusters: Iterable[str]) -> dict[str, Served | None]:
        """What tests put into `served`."""
        self._fail_if_unreachable()
        return {name: self.served.get(name, Served(0, 0)) for name in clusters}

    def statistics(self) -> Statistics:
        """What tests put into `counted`."""
        self._fail_if_unreachable()
        return self.counted

    def answer(self, host: str, node: str = "router-1") -> HostRoute | None:
        """Where a request for `host` would go now; None: there is no such host name."""
        wanted = host.lower().partition(":")[0].rstrip(".")
        routes = {route.host: route for table in self.nodes[node].tables.values() for route in table.hosts}
        return routes.get(wanted) or routes.get(f"*.{wanted.partition('.')[2]}")

    def _take(self, node: MemoryNode, site_id: int, table: RouteTable | None, version: int) -> None:
        if table is None:
            node.tables.pop(site_id, None)
        else:
            node.tables[site_id] = table
        node.versions[site_id] = version

    def _fail_if_unreachable(self) -> None:
        if self.is_unreachable:
            raise RouterUnreachable(part="The router", reason="it was told not to answer")
