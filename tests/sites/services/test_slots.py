"""Staging is enabled and deleted; slots are scaled, stopped and started."""

import pytest
from django.conf import LazySettings

from sites.errors import InstanceCountRefused, NotStandard, Refused, SettingRefused, SlotLimit
from sites.models import Category, Slot, SlotHold
from sites.services import settings as settings_service
from sites.services import slots
from tests.domain import Domain


def test_the_staging_slot_has_an_address_of_its_own_and_no_content(domain: Domain) -> None:
    staging = domain.enable(domain.create())
    assert staging.title == "contoso (staging)"
    assert staging.workload.active_deployment is None
    assert domain.serves("contoso-staging.localhost") == "placeholder"
    assert domain.router.answer("contoso-staging.localhost").is_indexed is False


def test_outside_standard_mode_the_refusal_is_the_seeds_sentence(domain: Domain) -> None:
    site = domain.create(mode="free")
    with pytest.raises(NotStandard) as refusal:
        slots.enable_staged_publishing(acting_user=domain.alice, site=site)
    assert str(refusal.value).startswith("You must be in the standard mode to enable staged publishing")
    assert site.slots.count() == 1


def test_a_second_staging_slot_is_refused_and_four_are_possible(domain: Domain, settings: LazySettings) -> None:
    site = domain.create()
    domain.enable(site)
    with pytest.raises(SlotLimit, match="One slot beside production is supported"):
        slots.enable_staged_publishing(acting_user=domain.alice, site=site)
    settings.STAGING_SLOTS_PER_SITE = 4
    for _ in range(3):
        domain.work(slots.enable_staged_publishing(acting_user=domain.alice, site=site))
    names = sorted(site.slots.values_list("name", flat=True))
    assert names == ["production", "staging", "staging2", "staging3", "staging4"]
    for name in names[1:]:
        assert domain.serves(f"contoso-{name}.localhost") == "placeholder"
    with pytest.raises(SlotLimit, match="4 slots beside production are supported"):
        slots.enable_staged_publishing(acting_user=domain.alice, site=site)


def test_configuration_is_cloned_and_then_goes_its_own_way(domain: Domain) -> None:
    site = domain.create()
    production = site.slots.get()
    entries = [settings_service.Entry("COLOUR", "blue"), settings_service.Entry("MARK", "production", is_sticky=True)]
    domain.save(production, *entries)
    staging = domain.enable(site)
    assert settings_service.read_settings(staging, Category.APP_SETTINGS) == entries
    domain.save(staging, settings_service.Entry("COLOUR", "green"))
    production.refresh_from_db()
    assert {entry.name: entry.value for entry in settings_service.read_settings(production, Category.APP_SETTINGS)} == {
        "COLOUR": "blue",
        "MARK": "production",
    }


@pytest.mark.parametrize(("mode", "count", "most"), [("standard", 11, 10), ("shared", 7, 6), ("free", 2, 1)])
def test_instance_counts_end_where_the_mode_does(domain: Domain, mode: str, count: int, most: int) -> None:
    site = domain.create(mode=mode)
    with pytest.raises(InstanceCountRefused, match=f"mode has 1 to {most}"):
        slots.scale(acting_user=domain.alice, slot=site.slots.get(), count=count)


def test_new_instances_are_warm_before_the_router_knows_them(domain: Domain) -> None:
    production, _staging = domain.staged()
    domain.work(slots.scale(acting_user=domain.alice, slot=production, count=3))
    production.refresh_from_db()
    table = domain.router.nodes["router-1"].tables[production.site_id]
    cluster = next(one for one in table.clusters if one.name == production.live_revision.cluster)
    assert len(cluster.endpoints) == 3


def test_a_stopped_slot_answers_with_a_page_and_starts_again_with_its_content(domain: Domain) -> None:
    production, _staging = domain.staged()
    domain.work(slots.stop(acting_user=domain.alice, slot=production))
    assert domain.router.answer("contoso.localhost").page == "stopped"
    with pytest.raises(Refused, match="already stopped"):
        slots.stop(acting_user=domain.alice, slot=production)
    domain.work(slots.start(acting_user=domain.alice, slot=production))
    assert domain.serves("contoso.localhost") == "one"


def test_publishing_to_a_stopped_slot_does_not_start_it(domain: Domain) -> None:
    production, _staging = domain.staged()
    domain.work(slots.stop(acting_user=domain.alice, slot=production))
    assert domain.publish(production, "three").state == "succeeded"
    assert domain.router.answer("contoso.localhost").page == "stopped"
    domain.work(slots.start(acting_user=domain.alice, slot=production))
    assert domain.serves("contoso.localhost") == "three"


def test_production_is_not_deleted_as_staging(domain: Domain) -> None:
    site = domain.create()
    with pytest.raises(Refused, match="is the production site"):
        slots.delete_staging(acting_user=domain.alice, slot=site.slots.get())


def test_a_new_publishing_password_is_recorded_without_being_shown(domain: Domain) -> None:
    site = domain.create()
    old = site.slots.get().publishing_password
    operation = slots.reset_credentials(acting_user=domain.alice, slot=site.slots.get())
    fresh = Slot.objects.get().publishing_password
    assert fresh != old
    assert fresh not in operation.outcome
    assert operation.actor_name == "alice"


def test_a_slot_whose_address_belongs_to_another_site_is_refused_with_a_sentence(
    domain: Domain, settings: LazySettings
) -> None:
    settings.STAGING_SLOTS_PER_SITE = 2
    domain.create("contoso-staging2")
    site = domain.create("contoso")
    domain.enable(site)
    with pytest.raises(SettingRefused, match=r"contoso-staging2\.localhost, which belongs to another web site"):
        slots.enable_staged_publishing(acting_user=domain.alice, site=site)
    assert site.slots.count() == 2
    assert not SlotHold.objects.exists()
