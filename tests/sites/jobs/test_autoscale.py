"""Autoscale looks at figures and clocks, and stands in nobody's way."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import LazySettings

from sites.jobs import autoscale
from sites.models import Autoscale, Event, MetricSample, Operation, Slot, SlotHold, Stay, Step
from sites.models.clock import now
from sites.operations import claims
from sites.operations.procedure import Progress
from sites.services import sites, slots, swaps
from sites.services.settings import Entry, save_settings
from tests.domain import Domain, alter_stage

BUSY, IDLE = 9_500, 100
"""Processor time of ten seconds, in ms, of one small instance."""


@pytest.fixture
def production(domain: Domain) -> Slot:
    """Version one in production with one instance, two in staging, and a rule by CPU from 1 to 4 instances."""
    slot, _staging = domain.staged()
    domain.settle()
    Autoscale.objects.create(slot=slot, is_on=True, ranges={"always": [1, 4]})
    Stay.objects.update(began_at=now() - timedelta(hours=1))
    return slot


def measured(slot: Slot, cpu_ms: int, *, instances: int = 1, in_flight: int = 0) -> None:
    """The last minute's figures: of each instance `cpu_ms` in each ten seconds, of all together `in_flight`."""
    MetricSample.objects.all().delete()
    Autoscale.objects.update(changed_at=None)
    for number in range(2, 7):
        figures = {"instances": instances, "cpu_ms": cpu_ms * instances, "in_flight": in_flight}
        began_at = now() - timedelta(seconds=10 * number)
        MetricSample.objects.create(slot=slot, seconds=10, began_at=began_at, figures=figures)


def decided(domain: Domain) -> Operation | None:
    """What the next look has begun, and was worked off."""
    begun = autoscale.run()
    return domain.work(begun[0]) if begun else None


def count_of(slot: Slot) -> int:
    slot.refresh_from_db()
    return slot.instance_count


def test_load_scales_out_and_calm_in_again_each_by_an_operation_with_its_reason(
    domain: Domain, production: Slot
) -> None:
    measured(production, BUSY)
    operation = decided(domain)
    assert (operation.actor, operation.actor_name, operation.kind) == (None, "Autoscale", "autoscale")
    assert operation.outcome == (
        "'contoso' has 2 instances now, before 1: the CPU was at 95 %, above the target of 60 to 80 %."
    )
    assert count_of(production) == 2
    measured(production, IDLE, instances=2)
    assert decided(domain).outcome.endswith("before 2: the CPU was at 1 %, below the target of 60 to 80 %.")
    assert count_of(production) == 1


def test_after_one_decision_there_is_another(domain: Domain, production: Slot) -> None:
    Autoscale.objects.update(in_seconds=0)
    measured(production, BUSY)
    decided(domain)
    decided_at = Autoscale.objects.get().changed_at
    for number, sample in enumerate(MetricSample.objects.all()):
        began_at = decided_at + timedelta(seconds=number)
        figures = {"instances": 2, "cpu_ms": IDLE}
        MetricSample.objects.filter(pk=sample.pk).update(began_at=began_at, figures=figures)
    rule = autoscale._rules()[0]
    assert autoscale._look(rule, decided_at + timedelta(seconds=30)) is not None


def test_requests_in_flight_scale_out(domain: Domain, production: Slot) -> None:
    Autoscale.objects.update(metric="requests", low=5, high=10)
    measured(production, IDLE, in_flight=20)
    assert "20.0 requests in flight per instance" in decided(domain).outcome
    assert count_of(production) == 3


def test_the_size_of_the_instances_is_what_the_processor_time_is_held_against(domain: Domain, production: Slot) -> None:
    production.site.instance_size, production.site.own_cpu_percent = "own", 50
    production.site.save()
    measured(production, 4_900)
    assert autoscale.situation_of(Autoscale.objects.get(), now()).value == pytest.approx(98)


@pytest.mark.parametrize("missing", ["figures", "figures of this version", "figures since the last change"])
def test_nothing_is_decided_without_enough_figures(domain: Domain, production: Slot, missing: str) -> None:
    measured(production, BUSY)
    if missing == "figures":
        MetricSample.objects.filter(pk__in=MetricSample.objects.values("pk")[:3]).delete()
    elif missing == "figures of this version":
        Stay.objects.filter(ended_at=None).update(began_at=now() - timedelta(seconds=25))
    else:
        Autoscale.objects.update(changed_at=now() - timedelta(seconds=25), out_seconds=0)
    assert decided(domain) is None


def test_the_next_decision_counts_from_the_end_of_the_last(domain: Domain, production: Slot) -> None:
    measured(production, BUSY)
    decided(domain)
    assert Autoscale.objects.get().changed_at >= Operation.objects.get(kind="autoscale").created_at
    assert decided(domain) is None


@pytest.mark.parametrize("state", ["off", "Shared mode", "stopped", "busy", "a preview waits"])
def test_nothing_is_decided_where_the_rule_is_not_in_force(domain: Domain, production: Slot, state: str) -> None:
    if state == "off":
        Autoscale.objects.update(is_on=False)
    elif state == "Shared mode":
        domain.work(sites.change_mode(acting_user=domain.alice, site=production.site, mode="shared"))
    elif state == "stopped":
        domain.work(slots.stop(acting_user=domain.alice, slot=production))
    elif state == "busy":
        slots.restart(acting_user=domain.alice, slot=production)
    else:
        staging = production.site.slots.get(name="staging")
        asked = {"acting_user": domain.alice, "source": staging, "target": production, "with_preview": True}
        preview = swaps.request_swap(**asked)
        while preview.state != "waiting":
            domain.look(preview)
    measured(production, BUSY)
    assert decided(domain) is None
    assert not Operation.objects.filter(kind="autoscale").exists()


def halted(domain: Domain, operation: Operation, step: Step, monkeypatch: pytest.MonkeyPatch) -> None:
    """Worked on until it is at that step, which does not end."""
    with monkeypatch.context() as patch:
        alter_stage(patch, step, work=lambda turn: Progress(False))
        for _ in range(20):
            if domain.look(operation).step == step:
                return
    raise AssertionError(f"never came to {step}")


ASKED: dict[str, Callable[[Domain, Slot, Slot], Operation]] = {
    "swap": lambda domain, production, staging: swaps.request_swap(
        acting_user=domain.alice, source=staging, target=production
    ),
    "stop": lambda domain, production, staging: slots.stop(acting_user=domain.alice, slot=production),
    "publish": lambda domain, production, staging: domain.ask_to_publish(production, "three"),
    "scale": lambda domain, production, staging: slots.scale(acting_user=domain.alice, slot=production, count=3),
    "settings": lambda domain, production, staging: save_settings(
        acting_user=domain.alice, slot=production, category="app_settings", entries=[Entry("A", "1")]
    ),
    "delete": lambda domain, production, staging: sites.delete_site(
        acting_user=domain.alice, site=production.site, typed_name="contoso"
    ),
}


@pytest.mark.parametrize("asked", sorted(ASKED))
def test_what_a_person_asks_for_goes_past_an_automatic_scale(domain: Domain, production: Slot, asked: str) -> None:
    measured(production, BUSY)
    automatic = autoscale.run()[0]
    worker = claims.take(automatic.pk, automatic.attempt, claims.new_claim())
    staging = production.site.slots.get(name="staging")
    operation = ASKED[asked](domain, production, staging)
    automatic.refresh_from_db()
    assert (automatic.state, automatic.attempt) == ("cancelled", 2)
    assert automatic.outcome.startswith("The automatic scale of 'contoso' gave way to the ")
    assert automatic.outcome.endswith(" of alice.")
    assert [hold.operation for hold in SlotHold.objects.filter(slot=production)] == [operation]
    assert worker is not None and claims.count_loss(worker) is False
    if asked != "delete":
        assert domain.work(operation).state == "succeeded"


@pytest.mark.parametrize("step", [Step.STARTING, Step.ROUTES_OFFERED, Step.SWITCHED, Step.ROUTES_ACKNOWLEDGED])
def test_a_swap_goes_past_it_at_every_step_and_production_keeps_its_count(
    domain: Domain, production: Slot, step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured(production, BUSY)
    automatic = autoscale.run()[0]
    halted(domain, automatic, step, monkeypatch)
    is_switched = step in Operation.AFTER_SWITCH
    staging = production.site.slots.get(name="staging")
    operation = domain.swap(staging, production)
    assert operation.state == "succeeded", operation.outcome
    automatic.refresh_from_db()
    assert automatic.state == ("succeeded" if is_switched else "cancelled")
    told = Event.objects.get(data__operation=str(automatic.public_id))
    assert (told.type, told.sentence) == (f"operation.{automatic.state}", automatic.outcome)
    assert count_of(production) == (2 if is_switched else 1)
    assert domain.serves("contoso.localhost") == "two"
    assert domain.revision_behind("contoso.localhost").routed_count == production.instance_count


def test_it_never_waits_for_a_person(domain: Domain, production: Slot) -> None:
    measured(production, BUSY)
    slots.restart(acting_user=domain.alice, slot=production)
    assert autoscale.run() == []


def test_what_does_not_fit_on_the_machine_is_said_and_tried_again_later(
    domain: Domain, production: Slot, settings: LazySettings
) -> None:
    settings.SITES_MEMORY_MB, settings.MEMORY_OVERCOMMIT = 2 * 1792, 1
    measured(production, BUSY)
    assert decided(domain) is None
    rule = Autoscale.objects.get()
    assert rule.note.startswith("The automatic scale of 'contoso' was not started: it needs 1,792 MB")
    assert rule.changed_at is not None and not SlotHold.objects.exists()
    settings.MEMORY_OVERCOMMIT = 2
    measured(production, BUSY)
    assert decided(domain).state == "succeeded"
    assert Autoscale.objects.get().note == ""


def test_settings_that_do_not_start_are_not_tried_by_it(domain: Domain, production: Slot) -> None:
    domain.answer_everything("500")
    domain.answers[production.live_revision_id] = "200"
    saved = ASKED["settings"](domain, production, production)
    assert domain.work(saved).state == "failed"
    measured(production, BUSY)
    assert decided(domain) is None
    assert "settings that were saved are not in force. Restart 'contoso'" in Autoscale.objects.get().note


def test_two_looks_at_once_begin_one_operation(domain: Domain, production: Slot) -> None:
    measured(production, BUSY)
    rule = autoscale._rules()[0]
    assert autoscale._look(rule, now()) is not None
    SlotHold.objects.all().delete()
    assert autoscale._look(rule, now()) is None


@pytest.mark.parametrize(
    ("moment", "least"),
    [
        ("2026-03-27T06:59", 2),  # Friday, 7:59 in Berlin: night
        ("2026-03-27T07:00", 4),  # 8:00: day
        ("2026-03-27T22:59", 2),  # 23:59 on Friday: night
        ("2026-03-27T23:00", 1),  # Saturday
        ("2026-03-29T21:59", 1),  # Sunday, 23:59; the clocks went forward this morning
        ("2026-03-29T22:00", 2),  # Monday 0:00: night
        ("2026-03-30T05:59", 2),
        ("2026-03-30T06:00", 4),  # 8:00 again, an hour earlier by the sun
        ("2026-10-26T06:59", 2),
        ("2026-10-26T07:00", 4),  # and after the clocks went back
    ],
)
def test_times_are_those_of_the_clock_on_the_wall(domain: Domain, production: Slot, moment: str, least: int) -> None:
    Autoscale.objects.update(
        is_scheduled=True, time_zone="Europe/Berlin", ranges={"day": [4, 4], "night": [2, 2], "weekend": [1, 1]}
    )
    rule = Autoscale.objects.select_related("slot__site").get()
    assert autoscale.situation_of(rule, datetime.fromisoformat(moment).replace(tzinfo=UTC)).least == least


def test_a_schedule_alone_moves_the_count(domain: Domain, production: Slot) -> None:
    Autoscale.objects.update(
        metric="none", is_scheduled=True, ranges={"day": [3, 3], "night": [3, 3], "weekend": [3, 4]}
    )
    assert "the minimum" in decided(domain).outcome
    assert count_of(production) == 3
