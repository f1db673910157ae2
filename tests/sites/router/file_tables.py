"""A TableSource of JSON files, and the xDS server over it as a program of its own (to be killed)."""

import asyncio
import json
import logging
import os
import sys
from dataclasses import asdict, astuple
from pathlib import Path

from sites.router.roster import KnownRouter
from sites.router.table import Endpoint, RouteTable, Sighting
from sites.router.xds.daemon import Places, serve
from sites.router.xds.last_good import decode, encode
from sites.router.xds.proxies import Proxies
from sites.router.xds.secrets import TlsMaterial
from sites.telemetry.collector import collector_of
from sites.tls.authority import open_authority
from tests.sites.router.tables import sightings


class FileTables:
    """A JSON list of encoded tables, replaced by rename; a missing file is a database that is away.

    Beside it lies one of instances, as a runtime would report them.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._instances = path.with_name("instances.json")
        self._routers = path.with_name("routers.json")

    def write(self, tables: list[RouteTable]) -> None:
        """Commit these tables, all of whose instances run."""
        self.say(*sightings(cluster for table in tables for cluster in table.clusters))
        _replace(self.path, [encode(table) for table in tables])

    def all_tables(self) -> list[RouteTable]:
        return [decode(text) for text in json.loads(self.path.read_text())]

    def table(self, site_id: int) -> RouteTable | None:
        return next((table for table in self.all_tables() if table.site_id == site_id), None)

    def versions(self) -> dict[int, int]:
        return {table.site_id: table.version for table in self.all_tables()}

    def seen(self, node_id: str, certificate: str) -> None:
        with self.path.with_suffix(".seen").open("a") as log:
            log.write(node_id + "\n")

    def routers(self) -> list[KnownRouter]:
        if not self._routers.exists():
            return [KnownRouter("router-1", must_acknowledge=True, is_retired=False)]
        return [KnownRouter(**row) for row in json.loads(self._routers.read_text())]

    def know(self, *routers: KnownRouter) -> None:
        """These are the routers from now on, in place of router-1."""
        _replace(self._routers, [asdict(router) for router in routers])

    def wake(self, slot_id: int) -> None:
        with self.path.with_suffix(".woken").open("a") as log:
            log.write(f"{slot_id}\n")

    def sightings(self) -> list[Sighting]:
        rows = json.loads(self._instances.read_text())
        return [Sighting(name, Endpoint(*place), is_running) for name, place, is_running in rows]

    def forget_instances(self) -> None:
        """From now on the runtime is away."""
        self._instances.unlink()

    def say(self, *instances: Sighting) -> None:
        """Have the runtime report these from now on, and no others."""
        rows = [[one.cluster, astuple(one.endpoint), one.is_running] for one in instances if one.endpoint]
        _replace(self._instances, rows)


def _replace(path: Path, content: object) -> None:
    unfinished = path.with_suffix(".new")
    unfinished.write_text(json.dumps(content))
    unfinished.replace(path)


def main(
    folder: Path, port: int, silence_seconds: int, tls_port: int, http3_port: int, proxies: str, speak: str
) -> None:
    """Serve the tables of `folder` for an Envoy on `port`, until SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    places = Places(
        xds_socket=folder / "xds.sock",
        control_socket=folder / "control.sock",
        web_socket=folder / "web.sock",
        guard_socket=folder / "guard.sock",
        last_good=folder / "last-good.sqlite3",
        addresses=["127.0.0.1", "::1"],
        port=port,
        portal_hosts=["localhost", "127.0.0.1", "[::1]"],
        silence_seconds=silence_seconds,
        tls_port=tls_port,
        proxies=Proxies(tuple(filter(None, proxies.split(","))), bool(speak)),
        tls=TlsMaterial(str, open_authority(folder, encrypt=str, decrypt=str), None, http3_port) if tls_port else None,
        request_logs=folder / "requests",
        collector=collector_of(os.environ),
    )
    asyncio.run(serve(FileTables(folder / "tables.json"), places))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:6]), *sys.argv[6:8])
