"""Figures of slots: right over swaps, restarts and clocks that jump, and as cheap for many slots as for one."""

import json
import zlib
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from sites.errors import RouterUnreachable
from sites.jobs import metrics
from sites.jobs.metrics import SECONDS
from sites.models import MetricSample, MetricState, Slot
from sites.monitoring.counters import present_state
from sites.monitoring.figures import together
from sites.router.statistics import Statistics
from sites.runtime.spec import InstanceUsage
from tests.domain import Domain

START = datetime(2026, 11, 28, 6, 0, 0, tzinfo=UTC)


class Clocks:
    """The clock of the database and the steady one."""

    def __init__(self) -> None:
        self.wall, self.steady = START, 1000.0

    def pass_(self, seconds: float = SECONDS) -> None:
        self.wall += timedelta(seconds=seconds)
        self.steady += seconds


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    clocks = Clocks()
    monkeypatch.setattr(metrics, "now", lambda: clocks.wall)
    monkeypatch.setattr(metrics.time, "monotonic", lambda: clocks.steady)
    return clocks


Look = Callable[..., None]


@pytest.fixture
def look(domain: Domain, clocks: Clocks) -> Look:
    """Ten seconds later the job looks, and the router has counted these answers of status 200 by slot."""

    def looked(counted: dict[int, int], *, process: str = "first", seconds: float = SECONDS, **more: object) -> None:
        clocks.pass_(seconds)
        codes = {slot: {"200": count} for slot, count in counted.items()}
        domain.router.counted = Statistics(process, codes, **more)
        metrics.run()

    return looked


def requests(slot: Slot, seconds: int = SECONDS) -> list[int]:
    samples = MetricSample.objects.filter(slot=slot, seconds=seconds).order_by("began_at")
    return [sample.figures.get("requests", 0) for sample in samples]


def total(slot: Slot, seconds: int = SECONDS) -> dict[str, object]:
    return together(sample.figures for sample in MetricSample.objects.filter(slot=slot, seconds=seconds))


def test_what_the_counters_have_grown_by_is_written_down_with_their_slot(domain: Domain, look: Look) -> None:
    production, staging = domain.staged()
    look({production.pk: 100, staging.pk: 7})
    look({production.pk: 103, staging.pk: 7})
    look({production.pk: 103, staging.pk: 9})
    assert requests(production) == [3, 0]
    assert requests(staging) == [2]


def test_the_first_look_counts_nothing_because_nobody_knows_since_when(domain: Domain, look: Look) -> None:
    production, _ = domain.staged()
    look({production.pk: 100})
    assert requests(production) == []


def test_a_router_that_has_begun_anew_is_counted_from_its_beginning(domain: Domain, look: Look) -> None:
    production, _ = domain.staged()
    look({production.pk: 100})
    look({production.pk: 150}, process="second")  # more than before, and all of it is new
    assert requests(production) == [150]
    look({production.pk: 151}, process="second")
    look({production.pk: 2}, process="third")
    assert requests(production) == [150, 1, 2]


def test_an_answer_that_comes_late_counts_nothing_again(domain: Domain, look: Look) -> None:
    production, _ = domain.staged()
    look({production.pk: 100})
    look({production.pk: 130})
    for seconds in (3, 17, 10, 40):
        look({production.pk: 130}, seconds=seconds)
    assert sum(requests(production)) == 30


def test_counters_of_an_older_version_are_gone_on_from(domain: Domain, look: Look) -> None:
    production, _ = domain.staged()
    look({production.pk: 100})
    state = asdict(present_state())
    del state["process"]
    older = zlib.compress(json.dumps({**state, "began": 12.5}).encode())
    MetricState.objects.update(data=older)
    look({production.pk: 104})
    assert requests(production) == [4]


def test_nothing_counts_twice_when_the_job_dies_before_it_has_written(
    domain: Domain, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    production, _ = domain.staged()
    look({production.pk: 100})

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(metrics, "_roll_up", die)
        with pytest.raises(KeyboardInterrupt):
            look({production.pk: 105})
    assert requests(production) == []
    look({production.pk: 108})
    assert requests(production) == [8]


def test_a_router_that_is_away_changes_nothing_and_loses_nothing(domain: Domain, look: Look) -> None:
    production, _ = domain.staged()
    look({production.pk: 100})
    domain.router.is_unreachable = True
    with pytest.raises(RouterUnreachable):
        look({production.pk: 104})
    domain.router.is_unreachable = False
    look({production.pk: 106})
    assert requests(production) == [6]


def test_of_two_workers_that_look_at_once_one_writes(
    domain: Domain, look: Look, clocks: Clocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    production, _ = domain.staged()
    look({production.pk: 100})
    own = metrics._stays

    def meanwhile(*arguments: object) -> dict[int, int]:
        monkeypatch.setattr(metrics, "_stays", own)
        clocks.steady += 1
        metrics.run()
        return own(*arguments)

    monkeypatch.setattr(metrics, "_stays", meanwhile)
    look({production.pk: 105})
    assert requests(production) == [5]


def test_a_worker_whose_answer_is_older_than_what_another_has_written_writes_nothing(
    domain: Domain, look: Look, clocks: Clocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    production, _ = domain.staged()
    look({production.pk: 100})
    own = domain.router.statistics

    def late() -> Statistics:
        monkeypatch.setattr(domain.router, "statistics", own)
        answer = own()
        look({production.pk: 108})
        return answer

    monkeypatch.setattr(domain.router, "statistics", late)
    look({production.pk: 105})
    assert requests(production) == [8]
    look({production.pk: 109})
    assert requests(production) == [8, 1]


def test_bytes_and_processor_time_belong_to_the_slot_in_which_the_revision_is(domain: Domain, look: Look) -> None:
    production, staging = domain.staged()
    one, two = production.live_revision_id, staging.live_revision_id

    def use(revision: int, cpu_ms: int, started: float = 1.0) -> None:
        domain.runtime.used[revision, 0] = InstanceUsage(revision, 0, started, cpu_ms, 50_000_000)

    use(one, 100)
    use(two, 10)
    look({production.pk: 1, staging.pk: 1}, sent={one: 10, two: 1}, received={one: 100, two: 5})
    look({production.pk: 2, staging.pk: 2}, sent={one: 20, two: 1}, received={one: 100, two: 5})
    use(one, 350)
    use(two, 15)
    look({production.pk: 3, staging.pk: 3}, sent={one: 30, two: 2}, received={one: 400, two: 6})
    assert total(production) == {
        "requests": 2, "2xx": 2, "bytes_in": 20, "bytes_out": 300, "cpu_ms": 250, "memory": 50_000_000, "instances": 1,
    }  # fmt: skip
    domain.swap(staging, production)
    use(two, 18)
    use(one, 5, started=2.0)  # a new process
    look({production.pk: 4, staging.pk: 4}, sent={one: 31, two: 102}, received={one: 401, two: 7})
    last = MetricSample.objects.filter(slot=production).latest("began_at").figures
    assert (last["bytes_in"], last["cpu_ms"]) == (100, 3)
    last = MetricSample.objects.filter(slot=staging).latest("began_at").figures
    assert (last["bytes_in"], last["cpu_ms"]) == (1, 5)


def test_answers_are_those_of_the_address_whatever_a_swap_takes_along(domain: Domain, look: Look) -> None:
    production, staging = domain.staged()
    look({production.pk: 10, staging.pk: 5})
    domain.swap(staging, production)
    look({production.pk: 14, staging.pk: 6})
    assert (requests(production), requests(staging)) == ([4], [1])


def test_a_runtime_that_is_away_leaves_the_requests(domain: Domain, look: Look) -> None:
    production, _ = domain.staged()
    look({production.pk: 1})
    domain.runtime.is_reachable = False
    look({production.pk: 5})
    assert total(production) == {"requests": 4, "2xx": 4}


def test_minutes_and_hours_have_what_their_parts_had_and_old_parts_go(domain: Domain, look: Look) -> None:
    production, _ = domain.staged()
    count = 0
    look({production.pk: count})
    for _ in range(3 * 360):
        count += 2
        look({production.pk: count})
    minutes, hours = requests(production, 60), requests(production, 3600)
    assert set(minutes[1:]) == {12}
    assert hours[1:] == [720, 720][: len(hours) - 1]
    assert len(requests(production)) <= 7200 / SECONDS + 6
    newest = MetricSample.objects.filter(slot=production, seconds=60).latest("began_at").began_at
    later = MetricSample.objects.filter(slot=production, seconds=SECONDS, began_at__gte=newest + timedelta(minutes=1))
    assert sum(minutes) + sum(sample.figures["requests"] for sample in later) == count


def test_a_clock_that_is_set_back_adds_to_what_is_there(domain: Domain, look: Look, clocks: Clocks) -> None:
    production, _ = domain.staged()
    look({production.pk: 0})
    for number in range(1, 13):
        look({production.pk: number})
    clocks.wall -= timedelta(seconds=60)
    for number in range(13, 25):
        look({production.pk: number})
    assert sum(requests(production)) == 24
    assert max(requests(production)) == 2


def test_a_clock_that_jumps_ahead_loses_no_request(domain: Domain, look: Look, clocks: Clocks) -> None:
    production, _ = domain.staged()
    look({production.pk: 0})
    look({production.pk: 5})
    clocks.wall += timedelta(hours=1)
    look({production.pk: 9})
    assert sum(requests(production)) == 9
    assert sum(requests(production, 60)) == 5


def test_a_slot_that_nobody_visits_any_more_is_forgotten(domain: Domain, look: Look) -> None:
    production, _ = domain.staged()
    look({production.pk: 0})
    look({production.pk: 1})
    for _ in range(90):
        look({production.pk: 1})
    assert 60 <= len(requests(production)) <= 62
    assert present_state().used == {}


def test_a_slot_that_is_gone_is_left_out(domain: Domain, look: Look) -> None:
    domain.staged()
    look({10**9: 0})
    look({10**9: 5})
    assert not MetricSample.objects.exists()
    assert MetricState.objects.count() == 1


def test_many_slots_are_as_many_queries_as_one(
    domain: Domain, look: Look, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    slots = [*domain.staged(), *domain.staged("fabrikam"), *domain.staged("third")]
    look({slot.pk: 0 for slot in slots})
    look({slots[0].pk: 1})
    with django_assert_max_num_queries(30) as few:
        look({slots[0].pk: 2})
    with django_assert_max_num_queries(len(few)):
        look({slot.pk: 3 for slot in slots})
