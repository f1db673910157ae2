"""A real Envoy reports spans and the web server log to a collector, with no secret in them."""

from dataclasses import replace

import pytest

from sites.router.table import Cluster
from tests.live.router.rig import PRODUCTION, STAGING, Rig, eventually, hosts
from tests.telemetry import Taken, collector

pytestmark = pytest.mark.live


def of_slots(taken: Taken) -> list[tuple[str, dict[str, str]]]:
    """The spans of requests to web sites."""
    return [span for span in taken.spans if "greenroom.site" in span[1]]


def test_requests_reach_a_collector_and_its_death_holds_none_up(rig: Rig, clusters: list[Cluster]) -> None:
    production, staging = hosts("r-1", "r-2")
    rig.commit([replace(production, slot_id=7, is_logged=True), replace(staging, slot_id=8)], clusters)
    with collector() as taken:
        rig.environment |= {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{taken.port}",
            "OTEL_EXPORTER_OTLP_HEADERS": "x-key=of-the-collector",
        }
        rig.start_xds()
        rig.start_envoy()
        for own in ("localhost", "127.0.0.1"):
            marked = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
            rig.ask(own, "/welcome/secret/", headers={"traceparent": marked})
            rig.ask(own, "/welcome/secret/")
        for number in range(6):
            assert rig.ask(PRODUCTION, f"/bought/{number}?token=secret").status_code == 200
            assert rig.ask(STAGING, f"/tried/{number}?token=secret").status_code == 200
        eventually(lambda: len(of_slots(taken)) == 12 and len(taken.lines) == 6)
    name, said = next(span for span in of_slots(taken) if span[1]["url.path"] == "/bought/3")
    assert name == "GET site1"
    assert said["greenroom.site"] == "site1" and said["greenroom.slot"] == "production"
    assert said["upstream_cluster"] == "r-1"
    text, words = next(line for line in taken.lines if "/bought/3" in line[0])
    assert text == "GET /bought/3 200"
    assert words["greenroom.slot"] == "production" and words["greenroom.revision"] == "r-1"
    assert {one["x-key"] for one in taken.metadata} == {"of-the-collector"}
    assert "secret" not in str(taken.spans) + str(taken.lines)
    for _ in range(50):
        assert rig.ask(PRODUCTION, "/after").status_code == 200
