"""What a rule of autoscale may be, and who saves it."""

from dataclasses import replace
from datetime import time

import pytest

from sites.errors import AutoscaleRefused, NotAllowed
from sites.models import Autoscale, CountRange, Operation, Slot
from sites.services.autoscale import Rule, read_rule, save_rule
from tests.domain import Domain

RULE = Rule(is_on=True, metric="cpu", ranges={"always": CountRange(2, 5)})


@pytest.fixture
def production(domain: Domain) -> Slot:
    return domain.create().slots.get()


def test_a_rule_is_saved_recorded_and_read_again(domain: Domain, production: Slot) -> None:
    assert read_rule(production).is_on is False
    recorded = save_rule(acting_user=domain.alice, slot=production, rule=RULE)
    assert (recorded.state, recorded.actor_name) == ("succeeded", "alice")
    assert recorded.outcome == ("Autoscale of 'contoso' is on: 2 to 5 instances, by CPU with a target of 60 to 80 %.")
    saved = read_rule(production)
    assert saved.is_on and saved.ranges["night"] == CountRange(2, 5)
    off = save_rule(acting_user=domain.alice, slot=production, rule=replace(RULE, is_on=False))
    assert off.outcome == "Autoscale of 'contoso' is off; the instance count stays as it is."
    assert Autoscale.objects.count() == 1


def test_times_of_their_own_are_said(domain: Domain, production: Slot) -> None:
    ranges = {"day": CountRange(3, 6), "night": CountRange(1, 1), "weekend": CountRange(1, 2)}
    rule = replace(RULE, is_scheduled=True, time_zone="Europe/Berlin", metric="requests", low=5, high=9, ranges=ranges)
    said = save_rule(acting_user=domain.alice, slot=production, rule=rule).outcome
    assert "by day 3 to 6 instances, at night 1 instance, at the weekend 1 to 2 instances (Europe/Berlin)" in said
    assert "by requests in flight with a target of 5 to 9 per instance" in said


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"ranges": {"always": CountRange(0, 5)}}, "from 0 to 5 instances (always) is not possible"),
        ({"ranges": {"always": CountRange(5, 4)}}, "Choose a minimum that is not above the maximum, both from 1 to 10"),
        ({"ranges": {"always": CountRange(1, 11)}}, "from 1 to 11 instances"),
        ({"ranges": {"noon": CountRange(1, 2), "always": CountRange(1, 2)}}, "'noon' are no times"),
        ({"ranges": {}}, "it does not say how many instances there may be"),
        ({"is_scheduled": True, "ranges": {"day": CountRange(1, 2)}}, "it does not say how many"),
        ({"low": 80, "high": 80}, "the target of 80 to 80 is not possible. Choose a lower end below the upper end"),
        ({"low": 0}, "the target of 0 to 80"),
        ({"high": 101}, "both from 1 to 100"),
        ({"metric": "moon"}, "'moon' is no metric"),
        ({"out_seconds": -1}, "-1 s after a change"),
        ({"in_seconds": 86_401}, "86401 s after a change is not possible. Choose 0 to 86,400 s"),
        ({"time_zone": "../etc/passwd"}, "'../etc/passwd' is no time zone"),
        ({"day_begins": time(8), "day_ends": time(8)}, "the day begins when it ends"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(
    domain: Domain, production: Slot, changed: dict[str, object], said: str
) -> None:
    before = Operation.objects.count()
    with pytest.raises(AutoscaleRefused) as refused:
        save_rule(acting_user=domain.alice, slot=production, rule=replace(RULE, **changed))
    assert said in str(refused.value)
    assert Operation.objects.count() == before and not Autoscale.objects.exists()


def test_staging_and_lesser_modes_have_none(domain: Domain, production: Slot) -> None:
    staging = domain.enable(production.site)
    with pytest.raises(AutoscaleRefused, match=r"AutoScale is not available for non-production slots\. Change the"):
        save_rule(acting_user=domain.alice, slot=staging, rule=RULE)
    shared = domain.create("fabrikam", mode="shared").slots.get()
    with pytest.raises(AutoscaleRefused, match="AutoScale is not available in Shared mode"):
        save_rule(acting_user=domain.alice, slot=shared, rule=RULE)


def test_readers_save_none(domain: Domain, production: Slot) -> None:
    with pytest.raises(NotAllowed):
        save_rule(acting_user=domain.bob, slot=production, rule=RULE)


def test_a_swap_leaves_the_rule_with_production(domain: Domain) -> None:
    production, staging = domain.staged()
    save_rule(acting_user=domain.alice, slot=production, rule=RULE)
    domain.swap(staging, production)
    assert Autoscale.objects.get().slot == production
