"""Alert rules: what fires, what is over, what a swap takes along, and that neither tells of a passing value."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from sites.jobs import alerts
from sites.models import (
    Alert,
    Category,
    Event,
    MetricSample,
    Operation,
    OperationState,
    Revision,
    SiteUsage,
    Slot,
    Swap,
)
from sites.services.settings import Entry
from tests.domain import Domain

START = datetime(2026, 11, 28, 6, 0, 0, tzinfo=UTC)
ERRORS = Entry("alert:Errors", "5xx above 20 for 5 min")


STEP = 30
"""Seconds between two looks; ten in earnest."""


class Clock:
    """The clock of the job."""

    def __init__(self) -> None:
        self.moment = START

    def look(self, seconds: float = STEP) -> None:
        """So many seconds later."""
        self.moment += timedelta(seconds=seconds)
        alerts.run()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(alerts, "now", lambda: clock.moment)
    return clock


Minutes = Callable[..., None]


@pytest.fixture
def minutes(clock: Clock) -> Minutes:
    """So many minutes pass, with a look at each STEP, and these figures of the slot at each look."""

    def pass_(slot: Slot, count: int, **figures: object) -> None:
        for _ in range(count * 60 // STEP):
            if figures:
                at = clock.moment + timedelta(seconds=STEP)
                MetricSample.objects.create(slot=slot, seconds=10, began_at=at, figures=figures)
            clock.look()

    return pass_


def rule(domain: Domain, slot: Slot, *entries: Entry) -> None:
    domain.save(slot, *entries, category=Category.MONITORING)


def told() -> list[tuple[str, str]]:
    return list(Event.objects.filter(type__startswith="alert.").order_by("pk").values_list("type", "sentence"))


def types() -> list[str]:
    return [name for name, _ in told()]


def test_a_rule_fires_once_when_it_was_met_for_as_long_as_it_says_and_is_over_in_the_same_way(
    domain: Domain, minutes: Minutes
) -> None:
    production, _ = domain.staged()
    rule(domain, production, ERRORS)
    minutes(production, 4, **{"5xx": 50})
    assert told() == []
    minutes(production, 4, **{"5xx": 50})
    ((name, sentence),) = told()
    assert name == "alert.fired"
    assert sentence == (
        "Alert 'Errors' of 'contoso': Http server errors stayed above 20 a minute for 5 min, last 100. "
        "Look at its Monitor page."
    )
    (event,) = Event.objects.filter(type="alert.fired")
    assert (event.subject, event.data["alert"], event.data["slots"]) == ("contoso", "Errors", ["production"])
    assert Operation.objects.filter(kind="alert", state="succeeded").count() == 1
    minutes(production, 5, **{"2xx": 1})
    assert len(told()) == 1
    minutes(production, 3)
    assert types() == ["alert.fired", "alert.ended"]
    assert told()[1][1].endswith("is over: Http server errors did not rise above 20 a minute for 5 min.")
    assert not Alert.objects.exists()


def test_a_value_that_goes_up_and_down_tells_of_nothing_and_ends_nothing(domain: Domain, minutes: Minutes) -> None:
    production, _ = domain.staged()
    rule(domain, production, ERRORS)
    for _ in range(2):
        minutes(production, 3, **{"5xx": 50})
        minutes(production, 2)
    assert told() == []
    minutes(production, 8, **{"5xx": 50})
    for _ in range(2):
        minutes(production, 4)
        minutes(production, 2, **{"5xx": 50})
    assert types() == ["alert.fired"]


def test_a_swap_takes_the_rule_along_and_what_it_had_fired_is_over(domain: Domain, minutes: Minutes) -> None:
    production, staging = domain.staged()
    rule(domain, staging, Entry("alert:Slow", "p95 above 2 s for 1 min"))
    minutes(staging, 3, times={"5000": 9})
    assert types() == ["alert.fired"]
    assert "last 4.88 s" in told()[0][1]
    domain.swap(staging, production)
    minutes(production, 1)
    assert types() == ["alert.fired", "alert.ended"]
    assert told()[1][1].endswith("is over: its rule is not in force here any more.")
    minutes(production, 3, times={"5000": 9})
    assert Event.objects.filter(type="alert.fired", subject="contoso").count() == 1


def test_a_rule_that_says_something_else_begins_anew(domain: Domain, minutes: Minutes) -> None:
    production, _ = domain.staged()
    rule(domain, production, Entry("alert:Errors", "5xx above 20 for 1 min"))
    minutes(production, 2, **{"5xx": 50})
    rule(domain, production, Entry("alert:Errors", "5xx above 9000 for 1 min"))
    minutes(production, 2, **{"5xx": 50})
    assert types() == ["alert.fired", "alert.ended"]
    assert told()[1][1].endswith("its rule was changed.")


def test_what_has_no_value_is_no_reason_and_a_slot_that_is_stopped_answers_nothing(
    domain: Domain, minutes: Minutes
) -> None:
    production, staging = domain.staged()
    rule(domain, production, Entry("alert:Fast", "p95 below 5 s for 1 min"))
    rule(domain, staging, Entry("alert:Idle", "requests below 1 for 1 min"))
    Slot.objects.filter(pk=staging.pk).update(is_running=False)
    minutes(production, 3)
    assert told() == []
    Slot.objects.filter(pk=staging.pk).update(is_running=True)
    minutes(production, 3)
    assert [subject for (subject,) in Event.objects.values_list("subject").filter(type="alert.fired")] == [
        "contoso (staging)"
    ]


@override_settings(SITE_FOLDER_BYTES=1000)
def test_what_is_so_or_not_fires_too(domain: Domain, minutes: Minutes, clock: Clock) -> None:
    production, staging = domain.staged()
    rule(
        domain,
        production,
        Entry("alert:Loop", "crash_loop for 1 min"),
        Entry("alert:Swap", "swap_failed for 1 min"),
        Entry("alert:Disk", "disk above 90 % for 1 min"),
        Entry("alert:Preview", "preview above 1 h for 1 min"),
    )
    minutes(production, 2)
    assert told() == []
    Revision.objects.filter(live_slots=production).update(failing_since=clock.moment)
    SiteUsage.objects.update_or_create(site=production.site, defaults={"folder_bytes": 950})
    domain.swap(staging, production)
    rule_of = production.site.slots.get(name="staging")  # they went along; the site's disk is theirs too
    failed = Swap.objects.get().operation
    Operation.objects.filter(pk=failed.pk).update(state=OperationState.FAILED)
    Revision.objects.filter(live_slots=rule_of).update(failing_since=clock.moment)
    minutes(production, 2)
    said = "\n".join(sentence for _, sentence in told())
    assert "'Loop' of 'contoso (staging)': it was in a crash loop for 1 min. Look" in said
    assert "'Swap' of 'contoso (staging)': its last swap had failed for 1 min. Look" in said
    assert "stayed above 90% for 1 min, last 95%. Look" in said
    Operation.objects.filter(pk=failed.pk).update(
        state=OperationState.WAITING, step_at=clock.moment - timedelta(minutes=59)
    )
    minutes(production, 4)
    assert "Wait of a swap with preview stayed above 1 h for 1 min" in "\n".join(sentence for _, sentence in told())


def test_more_rules_make_no_more_queries(domain: Domain, clock: Clock) -> None:
    production, staging = domain.staged()
    rule(domain, production, Entry("alert:0", "5xx above 20 for 5 min"))

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            clock.look()
        return len(asked)

    few = queries()
    for slot in (production, staging):
        rule(domain, slot, *(Entry(f"alert:{n}", "5xx above 20 for 5 min") for n in range(10)))
    assert queries() == few == 4


def test_without_rules_a_look_asks_twice(domain: Domain, clock: Clock) -> None:
    domain.staged()
    with CaptureQueriesContext(connection) as asked:
        clock.look()
    assert len(asked) == 2


def test_of_two_workers_that_look_at_once_one_tells(
    domain: Domain, minutes: Minutes, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    production, _ = domain.staged()
    rule(domain, production, Entry("alert:Errors", "5xx above 20 for 1 min"))
    minutes(production, 1, **{"5xx": 50})
    own = alerts._turn

    def meanwhile(*arguments: object) -> None:
        monkeypatch.setattr(alerts, "_turn", own)
        alerts.run()
        own(*arguments)

    monkeypatch.setattr(alerts, "_turn", meanwhile)
    clock.look()
    assert types() == ["alert.fired"]
