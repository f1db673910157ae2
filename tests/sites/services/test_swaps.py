"""A swap exchanges workloads, and is refused with a sentence where it makes no sense."""

import pytest
from django.conf import LazySettings

from sites.errors import NotAllowed, NotFound, NothingPublished, NotSwappable, SameSlot, SlotBusy, SlotStopped
from sites.models import Operation, Revision, SlotHold
from sites.services import sites, slots, swaps
from tests.domain import Domain


def test_after_a_swap_each_address_serves_the_other_content(domain: Domain) -> None:
    production, staging = domain.staged()
    operation = swaps.request_swap(acting_user=domain.alice, source=staging, target=production)
    assert domain.work(operation).state == "succeeded", operation.outcome
    assert domain.serves("contoso.localhost") == "two"
    assert domain.serves("contoso-staging.localhost") == "one"
    assert operation.outcome.startswith("Swapped 'contoso' and 'contoso (staging)' in ")
    assert not SlotHold.objects.exists()


def test_a_second_swap_rolls_back(domain: Domain) -> None:
    production, staging = domain.staged()
    for _ in range(2):
        domain.swap(staging, production)
    assert domain.serves("contoso.localhost") == "one"
    assert domain.serves("contoso-staging.localhost") == "two"


def test_asked_from_production_it_is_the_same_swap(domain: Domain) -> None:
    production, staging = domain.staged()
    operation = domain.swap(production, staging)
    assert operation.swap.source == staging
    assert domain.serves("contoso.localhost") == "two"


def test_with_nothing_sticky_and_equal_counts_no_instance_is_started(domain: Domain) -> None:
    production, staging = domain.staged()
    before = Revision.objects.count()
    domain.swap(staging, production)
    assert Revision.objects.count() == before


def test_reused_instances_are_asked_again_where_they_go_into_production(domain: Domain) -> None:
    production, staging = domain.staged()
    operation = domain.swap(staging, production)
    staging.refresh_from_db()
    production.refresh_from_db()
    for slot, is_asked in ((production, True), (staging, False)):
        (instance,) = slot.live_revision.instances.all()
        assert (instance.warmed_for == operation) == is_asked


def test_the_description_is_the_same_from_either_side(domain: Domain) -> None:
    production, staging = domain.staged()
    there = swaps.describe_swap(staging, production).addresses
    assert there == swaps.describe_swap(production, staging).addresses
    assert there[0].host == "contoso.localhost"
    assert there[0].serves_now.startswith("one (")
    assert there[0].will_serve.startswith("two (")


def test_staging_without_content_is_refused(domain: Domain) -> None:
    site = domain.create()
    staging = domain.enable(site)
    with pytest.raises(NothingPublished, match=r"'contoso \(staging\)' has no content yet"):
        swaps.request_swap(acting_user=domain.alice, source=staging, target=site.slots.get(is_production=True))
    assert not Operation.objects.filter(kind="swap").exists()


def test_a_site_that_left_standard_mode_is_not_swappable(domain: Domain) -> None:
    production, staging = domain.staged()
    domain.work(sites.change_mode(acting_user=domain.alice, site=production.site, mode="free"))
    with pytest.raises(NotSwappable, match="no longer swappable"):
        swaps.request_swap(acting_user=domain.alice, source=staging, target=production)
    assert domain.serves("contoso-staging.localhost") == "two"


def test_a_stopped_slot_is_refused(domain: Domain) -> None:
    production, staging = domain.staged()
    domain.work(slots.stop(acting_user=domain.alice, slot=staging))
    with pytest.raises(SlotStopped):
        swaps.request_swap(acting_user=domain.alice, source=staging, target=production)


def test_a_slot_is_swapped_neither_with_itself_nor_with_another_staging_slot(
    domain: Domain, settings: LazySettings
) -> None:
    settings.STAGING_SLOTS_PER_SITE = 2
    production, staging = domain.staged()
    domain.work(slots.enable_staged_publishing(acting_user=domain.alice, site=production.site))
    second = production.site.slots.get(name="staging2")
    domain.publish(second, "three")
    other = domain.create("fabrikam").slots.get()
    for pair in ((production, production), (staging, staging), (staging, second), (staging, other)):
        with pytest.raises(SameSlot, match="cannot be swapped or compared with"):
            swaps.request_swap(acting_user=domain.alice, source=pair[0], target=pair[1])
    assert not Operation.objects.filter(kind="swap").exists()


def test_a_second_swap_meanwhile_is_told_who_and_since_when(domain: Domain) -> None:
    production, staging = domain.staged()
    swaps.request_swap(acting_user=domain.alice, source=staging, target=production)
    with pytest.raises(SlotBusy, match=r"held by the swap of alice since .* UTC"):
        swaps.request_swap(acting_user=domain.alice, source=staging, target=production)
    assert Operation.objects.filter(kind="swap").count() == 1


def test_a_reader_is_told_and_a_stranger_learns_nothing(domain: Domain) -> None:
    production, staging = domain.staged()
    with pytest.raises(NotAllowed, match="The owner is alice"):
        swaps.request_swap(acting_user=domain.bob, source=staging, target=production)
    with pytest.raises(NotFound, match="There is nothing at this address"):
        swaps.request_swap(acting_user=domain.charlie, source=staging, target=production)
