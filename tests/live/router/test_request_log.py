"""A real Envoy writes a line for each request of a slot that has it switched on, and counts the requests of each."""

from dataclasses import replace

import pytest

from sites.logs.files import tail
from sites.router.table import Cluster
from tests.live.router.rig import PRODUCTION, STAGING, Rig, eventually, hosts

pytestmark = pytest.mark.live


def test_requests_of_one_slot_are_written_down_and_both_are_counted(rig: Rig, clusters: list[Cluster]) -> None:
    production, staging = hosts("r-1", "r-2")
    rig.commit([replace(production, slot_id=7, is_logged=True), replace(staging, slot_id=8)], clusters)
    rig.start_xds()
    rig.start_envoy()
    assert rig.ask(STAGING, "/quiet").status_code == 200
    for number in range(3):
        assert rig.ask(PRODUCTION, f"/written/{number}?token=secret").status_code == 200
    log = rig.folder / "requests" / "7"
    eventually(lambda: len(tail(log, 10)) == 3)
    # Envoy's threads write in an order of their own.
    lines = sorted(tail(log, 10), key=lambda line: line.partition(" GET ")[2])
    for number, line in enumerate(lines):
        assert f" r-1/1 GET /written/{number} 200 " in line
        assert " id=" in line and "secret" not in line
    assert not (rig.folder / "requests" / "8").exists()
