"""From what honest people saw to the figures."""

from tools.bench.door.story import KEYS, TARGETS, figures
from tools.bench.door.watchers import Watch
from tools.bench.open_loop import Sample
from tools.bench.report import Report
from tools.prober.records import Record, Trouble


def sample(at: float, latency: float, *, is_right: bool = True) -> Sample:
    return Sample(at, at + latency, "host", "", is_right)


def record(client: str, trouble: Trouble | None = None) -> Record:
    return Record(client, "kind", "connection", "host", 0.0, 0.1, trouble=trouble)


def watch(portal_in_the_crowd: float, *, fails: bool = False) -> Watch:
    quiet = [sample(at, 0.010) for at in range(10)]
    crowd = [sample(100 + at, portal_in_the_crowd) for at in range(10)]
    health = [sample(at, 0.01) for at in range(3)] + [sample(100 + at, 0.01, is_right=not fails) for at in range(4)]
    records = [record("site fixed rate 1"), record("site, POST", Trouble.BROKEN if fails else None), record("portal 1")]
    return Watch({"portal": quiet + crowd, "health": health, "site": quiet + crowd}, records)


def test_the_ratio_is_that_of_the_slowest_twentieth() -> None:
    found = figures(watch(0.015), [(0.0, 50.0)], (100.0, 104.5), (104.5, 150.0))
    assert (found["portal_p95_ratio"], found["healthz_ok"], found["site_failed"]) == (1.5, 1.0, 0)
    assert found["slow_seconds"] == {"portal": [], "health": [], "site": []}
    report = Report(found, KEYS, TARGETS)
    assert report.missed == []
    assert any(line.startswith("escapes_tried") and "not measured" in line for line in report.sentences())


def test_what_is_not_as_it_should_be_is_missed() -> None:
    found = figures(watch(0.050, fails=True), [(0.0, 50.0)], (100.0, 104.5), (104.5, 150.0))
    assert (found["portal_p95_ratio"], found["healthz_ok"], found["site_failed"]) == (5.0, 0.0, 1)
    assert found["slow_seconds"] == {"portal": [0, 1, 2, 3, 4], "health": [], "site": [0, 1, 2, 3, 4]}
    assert Report(found, KEYS, TARGETS).missed == ["portal_p95_ratio", "healthz_ok", "site_failed"]
