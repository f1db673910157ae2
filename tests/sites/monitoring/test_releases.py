"""What a release did and changed, added up while it lasts and kept when its samples are gone."""

from datetime import timedelta

from sites.jobs import releases as job
from sites.models import MetricSample, Slot, Stay
from sites.models.clock import now
from sites.monitoring import releases
from sites.services.settings import Entry
from tests.domain import Domain


def _stays(slot: Slot) -> list[Stay]:
    return list(releases.stays_of(slot))


def _sample(slot: Slot, stay: Stay, seconds: float, **figures: object) -> None:
    MetricSample.objects.create(
        slot=slot, seconds=10, began_at=stay.began_at + timedelta(seconds=seconds), figures=figures
    )


def test_a_swap_begins_a_release_that_says_who_brought_it_and_what_changed(domain: Domain) -> None:
    production, staging = domain.staged()
    domain.save(staging, Entry("COLOUR", "secret-green"))
    operation = domain.swap(staging, production)
    job.run()
    assert not job.is_needed()
    production.refresh_from_db()
    present, former, *_ = _stays(production)
    found = releases.report(production, present, None, now())
    assert (found.release.operation, found.other.stay) == (operation, former)
    assert (found.release.deployment.message, found.other.deployment.message) == ("two", "one")
    assert found.changes["files"] == {
        "added": [],
        "changed": ["index.html"],
        "removed": [],
        "count": 1,
        "same": found.changes["files"]["same"],
    }
    assert found.changes["settings"] == [["COLOUR", "added"]]
    assert "secret-green" not in str(present.changes)
    back = releases.report(production, former, present, now())
    assert back.changes["settings"] == [["COLOUR", "removed"]]


def test_the_first_release_is_beside_nothing(domain: Domain) -> None:
    production = domain.create().slots.get()
    job.run()
    found = releases.report(production, _stays(production)[-1], None, now())
    assert (found.other, found.changes) == (None, {"files": None, "settings": []})
    assert found.release.error_share is None


def test_figures_are_added_to_the_release_that_was_there_and_outlast_their_samples(domain: Domain) -> None:
    production, _ = domain.staged()
    present, former, *_ = _stays(production)
    begin = present.began_at - timedelta(minutes=1)
    Stay.objects.filter(pk=former.pk).update(began_at=begin)
    _sample(production, present, -20, requests=3, **{"5xx": 1})
    _sample(production, present, 0, requests=10, times={"50": 10}, cpu_ms=20)
    _sample(production, present, 10, requests=30, times={"100": 30}, cpu_ms=60)
    samples = MetricSample.objects.filter(seconds=10)
    releases.credit(samples, begin, present.began_at + timedelta(minutes=1))
    samples.delete()
    own = list(releases.stays_of(production).filter(pk__in=[present.pk, former.pk]))
    newer, older = releases.releases(production, own, now())
    assert (newer.requests, newer.errors, newer.cpu_ms_per_request) == (40, 0, 2.0)
    assert newer.latency(0.5) > 50
    assert (older.requests, older.errors, older.error_share) == (3, 1, 1 / 3)


def test_what_is_not_added_yet_counts_as_well(domain: Domain) -> None:
    production, _ = domain.staged()
    present = _stays(production)[0]
    _sample(production, present, 5, requests=7)
    assert releases.releases(production, [present], now())[0].requests == 7
