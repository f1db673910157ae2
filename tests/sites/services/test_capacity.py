"""What would not fit on the machine is refused before it begins, and what needs nothing new is not."""

from collections.abc import Callable

import pytest
from django.conf import LazySettings

from sites.errors import NotEnoughMemory
from sites.models import Operation, SlotHold
from sites.services import custom_sites, slots, swaps
from sites.services.custom_sites import Beginning
from sites.services.rollback import request_roll_back
from sites.services.settings import Entry
from tests.domain import Domain

SMALL = 1792


def offer(settings: LazySettings, instances: int) -> None:
    """The machine has room for so many instances."""
    settings.SITES_MEMORY_MB, settings.MEMORY_OVERCOMMIT = instances * SMALL, 1


def refused(begin: Callable[[], Operation]) -> str:
    before = Operation.objects.count()
    with pytest.raises(NotEnoughMemory) as caught:
        begin()
    assert Operation.objects.count() == before
    assert not SlotHold.objects.exists()
    return str(caught.value)


def test_the_refusal_says_what_is_needed_what_is_left_and_what_to_do(domain: Domain, settings: LazySettings) -> None:
    site = domain.create()
    offer(settings, 3)
    said = refused(lambda: slots.scale(acting_user=domain.alice, slot=site.slots.get(), count=5))
    assert (
        "The change of scale of 'contoso' was not started: it needs 7,168 MB for new instances, and 3,584 MB of" in said
    )
    assert "Use fewer instances or stop a web site first, or ask the administrator to raise" in said
    assert domain.work(slots.scale(acting_user=domain.alice, slot=site.slots.get(), count=3)).state == "succeeded"


def test_limits_may_add_up_to_several_times_the_memory(domain: Domain, settings: LazySettings) -> None:
    site = domain.create()
    offer(settings, 1)
    refused(lambda: slots.scale(acting_user=domain.alice, slot=site.slots.get(), count=2))
    settings.MEMORY_OVERCOMMIT = 2
    assert domain.work(slots.scale(acting_user=domain.alice, slot=site.slots.get(), count=2)).state == "succeeded"
    settings.MEMORY_OVERCOMMIT = 0
    assert domain.work(slots.scale(acting_user=domain.alice, slot=site.slots.get(), count=9)).state == "succeeded"


def test_a_swap_of_what_runs_needs_nothing_and_is_never_refused(domain: Domain, settings: LazySettings) -> None:
    production, staging = domain.staged()
    domain.settle()
    offer(settings, 2)
    assert domain.swap(staging, production).state == "succeeded"
    assert domain.roll_back(production.site).state == "succeeded"


def test_a_swap_that_starts_both_sides_counts_four_sets(domain: Domain, settings: LazySettings) -> None:
    production, staging = domain.marked()
    domain.settle()
    offer(settings, 3)
    refused(lambda: swaps.request_swap(acting_user=domain.alice, source=staging, target=production))
    offer(settings, 4)
    assert domain.swap(staging, production).state == "succeeded"


def test_what_is_kept_for_a_roll_back_counts_and_rolling_back_to_it_needs_nothing(
    domain: Domain, settings: LazySettings
) -> None:
    production, _staging = domain.swapped()
    domain.settle()
    offer(settings, 4)
    refused(lambda: slots.scale(acting_user=domain.alice, slot=production, count=2))
    operation = domain.work(request_roll_back(acting_user=domain.alice, site=production.site))
    assert operation.state == "succeeded"


def test_everything_that_starts_instances_is_checked(domain: Domain, settings: LazySettings) -> None:
    site = domain.create()
    production = site.slots.get()
    stopped = domain.create("fabrikam").slots.get()
    domain.work(slots.stop(acting_user=domain.alice, slot=stopped))
    domain.settle()
    stopped.refresh_from_db()
    offer(settings, 1)
    refused(lambda: slots.restart(acting_user=domain.alice, slot=production))
    refused(lambda: slots.start(acting_user=domain.alice, slot=stopped))
    refused(lambda: slots.enable_staged_publishing(acting_user=domain.alice, site=site))
    with pytest.raises(NotEnoughMemory):
        domain.publish(production, "one")
    with pytest.raises(NotEnoughMemory):
        domain.save(production, Entry("A", "1"))
    with pytest.raises(NotEnoughMemory):
        custom_sites.create_custom_site(
            acting_user=domain.alice,
            subscription=domain.subscription,
            name="northwind",
            mode="standard",
            instance_count=1,
            beginning=Beginning.EMPTY,
        )
    slots.stop(acting_user=domain.alice, slot=production)


def test_a_slot_that_is_stopped_is_published_to_whatever_the_machine_has(
    domain: Domain, settings: LazySettings
) -> None:
    production = domain.create().slots.get()
    domain.work(slots.stop(acting_user=domain.alice, slot=production))
    production.refresh_from_db()
    offer(settings, 1)
    settings.SITES_MEMORY_MB = 1
    assert domain.publish(production, "one").state == "succeeded"
