"""Creating and deleting sites, and their mode."""

from datetime import timedelta

import pytest

from sites.errors import NameRefused, NameTaken, NotAllowed, NotFound, SettingRefused, WrongNameTyped
from sites.models import HostName, Mode, Operation, Revision, RevisionState, Site, Slot, Workload
from sites.models.clock import now
from sites.services import names, sites, slots
from tests.domain import Domain


def test_a_new_site_serves_its_placeholder_from_a_production_slot(domain: Domain) -> None:
    site = domain.create("contoso")
    assert [slot.name for slot in site.slots.all()] == ["production"]
    assert domain.serves("contoso.localhost") == "placeholder"
    assert domain.router.answer("contoso.scm.localhost").cluster == "portal"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "it is empty"),
        ("a" * 41, "it has 41 characters and 40 are possible"),
        ("my site", "it contains a space"),
        ("my_site", "it contains '_'"),
        ("-site", "it begins or ends with a hyphen"),
        ("xn--bcher", "it begins like an encoded international name"),
        ("portal", "that name is reserved"),
        ("contoso-staging", "it ends like the address of another site's staging slot"),
    ],
)
def test_names_that_cannot_become_addresses_are_refused_with_the_reason(domain: Domain, name: str, reason: str) -> None:
    with pytest.raises(NameRefused) as refusal:
        sites.create_site(acting_user=domain.alice, subscription=domain.subscription, name=name)
    assert reason in str(refusal.value)
    assert not Site.objects.exists()


def test_a_name_is_taken_in_any_case(domain: Domain) -> None:
    domain.create("contoso")
    with pytest.raises(NameTaken):
        names.check_name("Contoso")


def test_strangers_and_readers_create_nothing(domain: Domain) -> None:
    with pytest.raises(NotFound):
        sites.create_site(acting_user=domain.charlie, subscription=domain.subscription, name="one")
    with pytest.raises(NotAllowed):
        sites.create_site(acting_user=domain.bob, subscription=domain.subscription, name="one")
    assert not Site.objects.exists()


def test_an_unknown_mode_is_refused(domain: Domain) -> None:
    with pytest.raises(SettingRefused, match="Choose Free, Shared or Standard"):
        sites.create_site(acting_user=domain.alice, subscription=domain.subscription, name="one", mode="gold")


def test_leaving_standard_mode_keeps_staging_serving_with_fewer_instances(domain: Domain) -> None:
    production, _staging = domain.staged()
    domain.work(slots.scale(acting_user=domain.alice, slot=production, count=3))
    operation = domain.work(sites.change_mode(acting_user=domain.alice, site=production.site, mode=Mode.FREE))
    assert operation.outcome == "'contoso' is in Free mode now."
    production.refresh_from_db()
    assert production.instance_count == 1
    assert domain.serves("contoso-staging.localhost") == "two"


def test_a_change_of_mode_that_fails_leaves_the_mode(domain: Domain) -> None:
    production, _staging = domain.staged()
    domain.runtime.exit_with(production.live_revision_id, 1, 1)
    counts = {production.pk: 2}
    operation = domain.work(
        sites.change_mode(acting_user=domain.alice, site=production.site, mode=Mode.SHARED, counts=counts)
    )
    assert operation.state == "failed"
    assert Site.objects.get(name="contoso").mode == Mode.STANDARD


def test_deleting_both_needs_the_name_and_leaves_nothing(domain: Domain) -> None:
    production, _staging = domain.staged()
    site = production.site
    with pytest.raises(WrongNameTyped, match="Type contoso to delete the production and the staging site"):
        sites.delete_site(acting_user=domain.alice, site=site, typed_name="contos")
    operation = sites.delete_site(acting_user=domain.alice, site=site, typed_name="Contoso")
    domain.look(operation)
    assert domain.router.answer("contoso.localhost") is None
    assert operation.step == "stopping"
    long_ago = now() - timedelta(minutes=5)
    Revision.objects.filter(state=RevisionState.DRAINING).update(released_at=long_ago, drain_deadline=long_ago)
    domain.retire()
    assert domain.work(operation).outcome == "Deleted web site 'contoso' with its slots."
    assert domain.router.answer("contoso.localhost") is None
    for model in (Site, Slot, Workload, HostName, Revision):
        assert not model.objects.exists(), model
    assert Operation.objects.filter(target="contoso", site=None).exists()


def test_deleting_staging_only_does_not_touch_production(domain: Domain) -> None:
    production, staging = domain.staged()
    operation = domain.work(slots.delete_staging(acting_user=domain.alice, slot=staging))
    assert operation.outcome == "Deleted 'contoso (staging)'. Production was not touched."
    assert domain.serves("contoso.localhost") == "one"
    assert domain.router.answer("contoso-staging.localhost") is None
    assert list(Slot.objects.all()) == [production]
    assert Workload.objects.count() == 1
