"""What applications write reaches a collector once it has taken it, from the moment on in which somebody wanted it."""

import time
from collections.abc import Iterator

import pytest
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from sites.jobs import telemetry
from sites.models import LogDrain, Slot
from sites.telemetry import logs
from sites.telemetry.collector import Collector
from tests.domain import Domain
from tests.sites.monitoring.conftest import Write, write
from tests.telemetry import Taken, collector

__all__ = ["write"]


@pytest.fixture
def slots(domain: Domain) -> tuple[Slot, Slot]:
    return domain.staged()


@pytest.fixture
def taken(settings: Settings) -> Iterator[Taken]:
    with collector() as taken:
        settings.COLLECTOR = Collector("127.0.0.1", taken.port, headers=(("x-key", "secret"),))
        yield taken


def texts(taken: Taken) -> list[str]:
    return [text for text, _ in taken.lines]


def test_each_line_is_sent_once_with_the_slot_that_wrote_it(
    domain: Domain, slots: tuple[Slot, Slot], write: Write, taken: Taken
) -> None:
    production, staging = slots
    write(production.live_revision_id, "nobody asked for this", seconds=-5)
    telemetry.run()
    write(production.live_revision_id, "one", seconds=1)
    write(staging.live_revision_id, "two", seconds=2)
    telemetry.run()
    telemetry.run()
    assert texts(taken) == ["one", "two"]
    assert taken.lines[0][1] == {
        "service.name": production.site.name,
        "deployment.environment.name": "production",
        "service.version": production.workload.active_deployment.short_id,
        "service.instance.id": f"r{production.live_revision_id}/1",
    }
    assert taken.lines[1][1]["deployment.environment.name"] == "staging"
    assert taken.metadata[0]["x-key"] == "secret"


def test_a_swap_changes_the_slot_of_the_lines_that_follow(
    domain: Domain, slots: tuple[Slot, Slot], write: Write, taken: Taken
) -> None:
    production, staging = slots
    revision = staging.live_revision_id
    telemetry.run()
    write(revision, "before", seconds=0)
    domain.swap(staging, production)
    write(revision, "after", seconds=1)
    telemetry.run()
    assert {text: said["deployment.environment.name"] for text, said in taken.lines} == {
        "before": "staging",
        "after": "production",
    }


def test_what_a_collector_does_not_take_waits_and_is_said_once(
    domain: Domain, slots: tuple[Slot, Slot], write: Write, taken: Taken, caplog: pytest.LogCaptureFixture
) -> None:
    telemetry.run()
    write(slots[0].live_revision_id, "kept", seconds=1)
    taken.is_refusing = True
    telemetry.run()
    telemetry.run()
    assert texts(taken) == []
    (said,) = [record.getMessage() for record in caplog.records]
    assert said.startswith("The collector at 127.0.0.1:") and "UNAUTHENTICATED" in said and "secret" not in said
    taken.is_refusing = False
    telemetry.run()
    assert texts(taken) == ["kept"]


@pytest.mark.parametrize("at", ["9999-99-99T99:99:99.999Z", "0001-01-01T00:00:00.000Z", "٢٠٢٦-11-28T06:19:14.123Z"])
def test_a_line_with_a_time_that_there_is_not_keeps_no_other_line(
    domain: Domain, slots: tuple[Slot, Slot], write: Write, taken: Taken, at: str
) -> None:
    """As an application of a stranger could have it in a log that an older Greenroom has begun."""
    telemetry.run()
    domain.runtime.write_log(slots[0].live_revision_id, 0, f"{at} forged")
    write(slots[1].live_revision_id, "of a neighbour", seconds=1)
    telemetry.run()
    assert "of a neighbour" in texts(taken)


def test_a_line_that_a_collector_never_takes_keeps_no_other_line(
    slots: tuple[Slot, Slot], write: Write, taken: Taken
) -> None:
    telemetry.run()
    for number, text in enumerate(("one", "two", "poison", "three")):
        write(slots[0].live_revision_id, text, seconds=1 + number)
    write(slots[1].live_revision_id, "of a neighbour", seconds=9)
    taken.refused = "poison"
    telemetry.run()
    telemetry.run()
    assert texts(taken) == ["one", "two", "three", "of a neighbour"]


def test_a_message_has_few_bytes_however_long_its_letters_are() -> None:
    letters = "\U0001f300" * 4000
    entries = [logs.Entry("contoso", "production", "", "r1/1", "", letters)] * 300
    sizes = [logs.request_of(batch).ByteSize() for batch in logs.batches(entries)]
    assert sum(sizes) > 300 * 16_000 and max(sizes) < 4 * 1024**2


def test_slots_for_which_no_time_was_left_come_first_the_next_time(
    slots: tuple[Slot, Slot], write: Write, taken: Taken, monkeypatch: pytest.MonkeyPatch
) -> None:
    telemetry.run()
    for slot in slots:
        write(slot.live_revision_id, slot.name, seconds=1)
    monkeypatch.setattr(telemetry, "SLOTS_AT_ONCE", 1)
    ticks = iter(range(0, 1000, 5))
    monkeypatch.setattr(telemetry.time, "monotonic", lambda: next(ticks))
    telemetry.run()
    assert len(taken.lines) == 1
    telemetry.run()
    assert sorted(texts(taken)) == ["production", "staging"]


def test_a_slow_collector_is_left_before_another_worker_takes_over(
    taken: Taken, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "MAX_BATCH_LINES", 1)

    def entries() -> Iterator[logs.Entry]:
        for text in ("one", "two", "three"):
            yield logs.Entry("contoso", "production", "", "r1/1", "", text)
            time.sleep(0.5)

    with logs.LogSender(settings.COLLECTOR) as sender, pytest.raises(logs.NotTaken, match="more slowly than"):
        sender.send(entries(), until=time.monotonic() + 0.75)
    assert texts(taken) == ["one"]
    assert telemetry.SEND_SECONDS < telemetry.TURN_SECONDS


def test_more_slots_make_no_more_queries(
    domain: Domain, slots: tuple[Slot, Slot], taken: Taken, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    telemetry.run()
    with django_assert_num_queries(17) as few:
        telemetry.run()
    domain.staged("another")
    with django_assert_num_queries(len(few)):
        telemetry.run()


def test_logs_that_are_gone_are_forgotten(domain: Domain, slots: tuple[Slot, Slot], write: Write, taken: Taken) -> None:
    write(slots[0].live_revision_id, "one")
    telemetry.run()
    before = bytes(LogDrain.objects.get().data)
    slots[0].live_revision = None
    slots[0].save()
    telemetry.run()
    assert len(bytes(LogDrain.objects.get().data)) < len(before)
