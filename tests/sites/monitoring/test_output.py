"""The log of a slot: every line once, in the slot in which its revision was at that time, and harmless."""

from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from sites.models import Slot, Stay
from sites.monitoring import output
from sites.monitoring.windows import windows_of
from tests.domain import Domain
from tests.sites.monitoring.conftest import Write


@pytest.fixture
def slots(domain: Domain) -> tuple[Slot, Slot]:
    return domain.staged()


def texts(slot: Slot, **asked: object) -> list[str]:
    return [line.text for line in output.newest(slot.pk, **{"count": 100, **asked})[0]]


def test_lines_of_all_instances_are_in_the_order_of_time_with_what_wrote_them(
    slots: tuple[Slot, Slot], write: Write
) -> None:
    production = slots[0]
    revision = production.live_revision_id
    write(revision, "second", ordinal=1, seconds=1)
    write(revision, "first", seconds=0)
    write(revision, "third", seconds=2)
    lines, _ = output.newest(production.pk, count=100)
    assert [(line.text, line.source) for line in lines] == [
        ("first", f"r{revision}/1"),
        ("second", f"r{revision}/2"),
        ("third", f"r{revision}/1"),
    ]
    assert {line.deployment for line in lines} == {production.workload.active_deployment.short_id}
    assert lines[0].whole.endswith(f"{lines[0].deployment} r{revision}/1 first")


def test_a_revision_that_a_swap_takes_along_leaves_its_former_lines_where_they_were_written(
    domain: Domain, slots: tuple[Slot, Slot], write: Write
) -> None:
    production, staging = slots
    one, two = production.live_revision_id, staging.live_revision_id
    write(one, "production before")
    write(two, "staging before")
    domain.swap(staging, production)
    write(two, "production after", seconds=1)
    write(one, "staging after", seconds=1)
    assert texts(production) == ["production before", "production after"]
    assert texts(staging) == ["staging before", "staging after"]


def test_what_never_came_into_service_wrote_in_the_slot_that_it_was_for(
    domain: Domain, slots: tuple[Slot, Slot], write: Write
) -> None:
    staging = slots[1]
    domain.answer_everything("500")
    domain.publish(staging, "broken")
    broken = staging.revisions.order_by("-pk").first()
    write(broken.pk, "Traceback")
    assert texts(staging) == ["Traceback"]
    assert texts(slots[0]) == []


def test_only_what_was_written_since_is_read_on(domain: Domain, slots: tuple[Slot, Slot], write: Write) -> None:
    production = slots[0]
    write(production.live_revision_id, "old")
    _, positions = output.newest(production.pk, count=0)
    write(production.live_revision_id, "new")
    domain.publish(production, "three")
    production.refresh_from_db()
    write(production.live_revision_id, "of a new revision", seconds=1)
    lines, positions = output.since(production.pk, positions)
    assert [line.text for line in lines] == ["new", "of a new revision"]
    assert output.since(production.pk, positions)[0] == []


def test_words_are_looked_for_in_all_that_is_shown(slots: tuple[Slot, Slot], write: Write) -> None:
    production = slots[0]
    for text in ("GET /", "Error: no disk", "GET /favicon.ico"):
        write(production.live_revision_id, text)
    assert texts(production, words="error") == ["Error: no disk"]
    assert len(texts(production, words=f"r{production.live_revision_id}/1")) == 3
    assert texts(production, words="", count=1) == ["GET /favicon.ico"]
    assert [line.text for line in output.kept(production.pk, words="get")] == ["GET /", "GET /favicon.ico"]


def test_what_an_application_writes_does_nothing_to_a_terminal(slots: tuple[Slot, Slot], write: Write) -> None:
    production = slots[0]
    write(production.live_revision_id, "\x1b[31mred\x1b[0m \x1b]0;title\x07 \u202eevil \x00" + "x" * 10_000 + "\r")
    (line,), _ = output.newest(production.pk, count=10)
    assert line.text.startswith("red  \\u202eevil \\x00xxx")
    assert len(line.text) < output.LINE_LENGTH + 50
    assert line.text.endswith("…")


def test_lines_of_an_older_greenroom_are_in_the_present_slot(
    domain: Domain, slots: tuple[Slot, Slot], write: Write
) -> None:
    production = slots[0]
    domain.runtime.write_log(production.live_revision_id, 0, "without a time")
    write(production.live_revision_id, "with one")
    assert texts(production) == ["without a time", "with one"]


def test_what_was_in_no_slot_for_a_week_is_not_asked_for(domain: Domain, slots: tuple[Slot, Slot]) -> None:
    production = slots[0]
    former = production.live_revision
    domain.publish(production, "three")
    assert former.pk in {window.revision_id for window in windows_of([production.pk])[production.pk]}
    domain.settle()
    week = timedelta(days=8)
    Stay.objects.filter(revision=former).update(began_at=former.created_at - week, ended_at=former.created_at - week)
    type(former).objects.filter(pk=former.pk).update(created_at=former.created_at - week)
    assert former.pk not in {window.revision_id for window in windows_of([production.pk])[production.pk]}


def test_one_look_is_as_many_queries_for_many_slots_as_for_one(
    domain: Domain, slots: tuple[Slot, Slot], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(3):
        windows_of([slots[0].pk])
    others = domain.staged("fabrikam")
    with django_assert_num_queries(3):
        found = windows_of([slot.pk for slot in (*slots, *others)])
    assert all(found.values())
