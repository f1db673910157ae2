"""A TableSource of JSON files, and the xDS server over it as a program of its own (to be killed)."""

import asyncio
import json
import logging
import sys
from dataclasses import astuple
from pathlib import Path

from sites.router.table import Endpoint, RouteTable, Sighting
from sites.router.xds.daemon import Places, serve
from sites.router.xds.last_good import decode, encode
from tests.sites.router.tables import sightings


class FileTables:
    """A JSON list of encoded tables, replaced by rename; a missing file is a database that is away.

    Beside it lies one of instances, as a runtime would report them.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._instances = path.with_name("instances.json")

    def write(self, tables: list[RouteTable]) -> None:
        """Commit these tables, all of whose instances run."""
        self.say(*sightings(cluster for table in tables for cluster in table.clusters))
        unfinished = self.path.with_suffix(".new")
        unfinished.write_text(json.dumps([encode(table) for table in tables]))
        unfinished.replace(self.path)

    def all_tables(self) -> list[RouteTable]:
        return [decode(text) for text in json.loads(self.path.read_text())]

    def table(self, site_id: int) -> RouteTable | None:
        return next((table for table in self.all_tables() if table.site_id == site_id), None)

    def versions(self) -> dict[int, int]:
        return {table.site_id: table.version for table in self.all_tables()}

    def seen(self, node_id: str) -> None:
        with self.path.with_suffix(".seen").open("a") as log:
            log.write(node_id + "\n")

    def registered(self) -> list[str]:
        return ["router-1"]

    def sightings(self) -> list[Sighting]:
        rows = json.loads(self._instances.read_text())
        return [Sighting(name, Endpoint(*place), is_running) for name, place, is_running in rows]

    def forget_instances(self) -> None:
        """From now on the runtime is away."""
        self._instances.unlink()

    def say(self, *instances: Sighting) -> None:
        """Have the runtime report these from now on, and no others."""
        rows = [[one.cluster, astuple(one.endpoint), one.is_running] for one in instances if one.endpoint]
        unfinished = self._instances.with_suffix(".new")
        unfinished.write_text(json.dumps(rows))
        unfinished.replace(self._instances)


def main(folder: Path, port: int, silence_seconds: int) -> None:
    """Serve the tables of `folder` for an Envoy on `port`, until SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    places = Places(
        xds_socket=folder / "xds.sock",
        control_socket=folder / "control.sock",
        web_socket=folder / "web.sock",
        last_good=folder / "last-good.sqlite3",
        addresses=["127.0.0.1", "::1"],
        port=port,
        portal_hosts=["localhost", "127.0.0.1", "[::1]"],
        silence_seconds=silence_seconds,
        request_logs=folder / "requests",
    )
    asyncio.run(serve(FileTables(folder / "tables.json"), places))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
