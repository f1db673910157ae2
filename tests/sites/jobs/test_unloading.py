"""Slots that nobody visits lose their instances, and get them back with the next request."""

from datetime import timedelta

import pytest
from django.conf import LazySettings

from sites.jobs import metrics, reconcile, unloading
from sites.models import Mode, Rest, Revision, Slot, SlotHold
from sites.models.clock import now
from sites.router.statistics import Statistics
from sites.services import loading, sites, slots
from sites.services.settings import Entry
from tests.domain import Domain

HOST = "contoso.localhost"


def _free(domain: Domain) -> Slot:
    """The production slot of a Free site, not asked for since yesterday."""
    site = domain.create(mode=Mode.FREE)
    production = site.slots.get(is_production=True)
    assert domain.publish(production, "one").state == "succeeded"
    _neglect(production)
    return production


def _neglect(slot: Slot) -> None:
    slot.refresh_from_db()
    Revision.objects.filter(live_slots=slot).update(used_at=now() - timedelta(days=1), retained_until=None)


def _rest(slot: Slot) -> Rest:
    slot.refresh_from_db()
    return Rest(slot.live_revision.rest)


def _pass_time() -> None:
    """Nobody has asked since the last look."""
    Revision.objects.exclude(rest_at=None).update(rest_at=now() - timedelta(seconds=5))


def _unload(slot: Slot) -> None:
    unloading.find_idle()
    unloading.run()
    assert _rest(slot) == Rest.EMPTYING
    _pass_time()
    unloading.run()
    assert _rest(slot) == Rest.UNLOADED


def _instances(domain: Domain, slot: Slot) -> int:
    return len(domain.runtime.observe([slot.live_revision_id]))


def test_an_idle_slot_loses_its_instances_once_every_router_holds_its_requests(domain: Domain) -> None:
    production = _free(domain)
    node = domain.router.nodes["router-1"]
    node.is_late = True
    unloading.find_idle()
    unloading.run()
    assert _rest(production) == Rest.HOLDING
    node.is_late = False
    unloading.run()
    assert domain.router.answer(HOST).is_held
    domain.router.in_progress[production.live_revision.cluster] = 1
    _pass_time()
    unloading.run()
    assert (_rest(production), _instances(domain, production)) == (Rest.EMPTYING, 1)
    domain.router.in_progress.clear()
    unloading.run()
    assert (_rest(production), _instances(domain, production)) == (Rest.UNLOADED, 0)
    assert not production.live_revision.instances.filter(is_warm=True).exists()
    reconcile.run()
    assert _instances(domain, production) == 0


def test_the_next_request_starts_it_once_and_opens_the_routes_when_it_listens(domain: Domain) -> None:
    production = _free(domain)
    _unload(production)
    revision = production.live_revision_id
    domain.runtime.never_listen(revision, 0)
    for _ in range(3):
        loading.wake(production.pk)
    assert _rest(production) == Rest.LOADING
    orders = len(domain.runtime.orders)
    assert unloading.load(revision)
    assert unloading.load(revision)
    assert len(domain.runtime.orders) == orders + 1
    assert domain.router.answer(HOST).is_held
    domain.runtime.recover()
    assert not unloading.load(revision)
    assert _rest(production) == Rest.LOADED
    route = domain.router.answer(HOST)
    assert (route.is_held, route.cluster) == (False, f"r{revision}")
    table = domain.router.nodes["router-1"].tables[production.site_id]
    assert [len(cluster.endpoints) for cluster in table.clusters if cluster.name == route.cluster] == [1]
    unloading.find_idle()
    assert _rest(production) == Rest.LOADED


def test_a_request_that_comes_before_the_end_keeps_the_instances(domain: Domain) -> None:
    production = _free(domain)
    unloading.find_idle()
    unloading.run()
    orders = len(domain.runtime.orders)
    loading.wake(production.pk)
    assert _rest(production) == Rest.LOADED
    unloading.run()
    assert len(domain.runtime.orders) == orders


def test_a_slot_that_goes_on_being_used_stays_loaded(domain: Domain) -> None:
    production = _free(domain)
    unloading.find_idle()
    unloading.run()
    domain.router.in_progress[production.live_revision.cluster] = 2
    Revision.objects.filter(live_slots=production).update(rest_at=now() - timedelta(seconds=60))
    unloading.run()
    assert _rest(production) == Rest.LOADED
    assert not domain.router.answer(HOST).is_held
    unloading.find_idle()
    assert _rest(production) == Rest.LOADED


def test_instances_that_do_not_start_are_shown_as_they_are(domain: Domain) -> None:
    production = _free(domain)
    _unload(production)
    domain.runtime.exit_with(production.live_revision_id, 0, 3)
    loading.wake(production.pk)
    unloading.run()
    assert _rest(production) == Rest.LOADED
    assert production.live_revision.instances.get().is_failing


def test_a_slot_that_an_operation_holds_is_left_alone(domain: Domain) -> None:
    production = _free(domain)
    operation = slots.restart(acting_user=domain.alice, slot=production)
    assert SlotHold.objects.filter(slot=production).exists()
    unloading.find_idle()
    assert _rest(production) == Rest.LOADED
    assert domain.work(operation).state == "succeeded"


@pytest.mark.parametrize("name", ["one", "two"])
def test_an_operation_starts_what_it_needs_of_an_unloaded_slot(domain: Domain, name: str) -> None:
    production = _free(domain)
    _unload(production)
    if name == "one":
        domain.save(production, Entry("COLOUR", "green"))
    else:
        assert domain.work(slots.restart(acting_user=domain.alice, slot=production)).state == "succeeded"
    assert (_rest(production), _instances(domain, production)) == (Rest.LOADED, 1)
    route = domain.router.answer(HOST)
    assert not route.is_held
    assert production.live_revision.instances.get().warmed_for is not None


def test_a_swap_with_an_unloaded_staging_starts_it_first(domain: Domain, settings: LazySettings) -> None:
    settings.UNLOAD_STAGING = True
    production, staging = domain.staged()
    for slot in (production, staging):
        _neglect(slot)
    _unload(staging)
    assert _rest(production) == Rest.LOADED
    operation = domain.swap(staging, production)
    assert operation.state == "succeeded", operation.outcome
    assert domain.serves(HOST) == "two"
    for slot in (production, staging):
        assert (_rest(slot), _instances(domain, slot)) == (Rest.LOADED, 1)
    assert domain.roll_back(production.site).state == "succeeded"
    assert domain.serves(HOST) == "one"


def test_a_failed_operation_leaves_an_unloaded_slot_unloaded(domain: Domain, settings: LazySettings) -> None:
    settings.UNLOAD_STAGING = True
    production, staging = domain.staged()
    _neglect(staging)
    _unload(staging)
    domain.answers[staging.live_revision_id] = "500"
    assert domain.swap(staging, production).state == "failed"
    unloading.run()
    assert (_rest(staging), _instances(domain, staging)) == (Rest.UNLOADED, 0)
    assert (_rest(production), _instances(domain, production)) == (Rest.LOADED, 1)


def test_standard_sites_stay_loaded_and_always_on_keeps_their_staging(domain: Domain, settings: LazySettings) -> None:
    production, staging = domain.staged()
    for slot in (production, staging):
        _neglect(slot)
    unloading.find_idle()
    assert {_rest(production), _rest(staging)} == {Rest.LOADED}
    settings.UNLOAD_STAGING = True
    domain.save(staging, Entry("always_on", "on"), category="general")
    _neglect(staging)
    unloading.find_idle()
    assert _rest(staging) == Rest.LOADED
    settings.UNLOAD_AFTER_MINUTES = 0
    domain.save(staging, Entry("always_on", "off"), category="general")
    _neglect(staging)
    unloading.find_idle()
    assert _rest(staging) == Rest.LOADED


@pytest.mark.parametrize(("mode", "is_asked_for"), [(Mode.FREE, False), (Mode.SHARED, True)])
def test_a_staging_slot_that_the_mode_has_no_more_is_unloaded_as_production_is(
    domain: Domain, settings: LazySettings, mode: Mode, is_asked_for: bool
) -> None:
    settings.UNLOAD_STAGING = is_asked_for
    production, staging = domain.staged()
    domain.save(staging, Entry("always_on", "on"), category="general")
    domain.work(sites.change_mode(acting_user=domain.alice, site=production.site, mode=mode))
    yesterday = now() - timedelta(days=1)
    Revision.objects.filter(live_slots__in=[production, staging]).update(used_at=yesterday)
    for _ in range(2):
        unloading.find_idle()
        unloading.run()
        _pass_time()
    assert (_rest(production), _rest(staging)) == (Rest.UNLOADED, Rest.UNLOADED)
    assert (_instances(domain, production), _instances(domain, staging)) == (0, 0)


def test_a_slot_with_always_on_takes_nobodys_place(
    domain: Domain, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.UNLOAD_STAGING = True
    monkeypatch.setattr(unloading, "MOST_AT_ONCE", 1)
    _, first = domain.staged()
    domain.save(first, Entry("always_on", "on"), category="general")
    _, second = domain.staged("fabrikam")
    for slot in (first, second):
        _neglect(slot)
    unloading.find_idle()
    assert (_rest(first), _rest(second)) == (Rest.LOADED, Rest.HOLDING)


def test_a_counted_request_is_use(domain: Domain) -> None:
    production = _free(domain)
    domain.router.counted = Statistics("first", codes={production.pk: {"200": 1}})
    metrics.run()
    domain.router.counted = Statistics("first", codes={production.pk: {"200": 2}})
    metrics.run()
    unloading.find_idle()
    assert _rest(production) == Rest.LOADED


def test_an_order_to_end_that_was_lost_is_given_again(domain: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    production = _free(domain)
    with monkeypatch.context() as died:
        died.setattr(unloading, "order", lambda _: None)
        _unload(production)
    assert _instances(domain, production) == 1
    reconcile.run()
    assert _instances(domain, production) == 0
