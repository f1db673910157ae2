"""Databases linked to production: by its connection strings, by people who may change the site."""

from datetime import timedelta

import pytest
from django.db import connection

from sites.errors import NotAllowed, NotFound, ResourceRefused, SlotBusy
from sites.models import Category, LinkedResource, Operation, Site
from sites.models.clock import now
from sites.services import linked_resources, slots
from sites.services.entry import Entry
from sites.services.settings import read_settings
from tests.domain import Domain

STRINGS = Category.CONNECTION_STRINGS
TEXT = "postgresql://ann:hunter2@db.example.org/shop"


@pytest.fixture
def site(domain: Domain) -> Site:
    return domain.create("contoso")


def linked(domain: Domain, site: Site, name: str = "shop", text: str = TEXT) -> LinkedResource:
    asked = linked_resources.link(
        acting_user=domain.alice, site=site, engine="postgresql", name=name, connection_string=text
    )
    assert domain.work(asked).state == "succeeded"
    return LinkedResource.objects.get(name=name)


def strings(site: Site, slot: str = "production") -> dict[str, Entry]:
    return {entry.name: entry for entry in read_settings(site.slots.get(name=slot), STRINGS)}


def test_a_link_is_a_connection_string_of_production_and_encrypted(domain: Domain, site: Site) -> None:
    resource = linked(domain, site)
    assert strings(site) == {"shop": Entry("shop", TEXT, "PostgreSQL")}
    assert resource.is_awaited and resource.due_at <= now()
    recorded = Operation.objects.get(kind="linked_resources")
    assert recorded.outcome.startswith("PostgreSQL 'shop' is linked to 'contoso' now.")
    with connection.cursor() as cursor:
        for table in ("sites_linkedresource", "sites_slotsetting", "sites_operation"):
            cursor.execute(f"SELECT * FROM {table}")  # noqa: S608 the names are ours
            assert "hunter2" not in str(cursor.fetchall())


def test_its_string_is_cloned_to_staging_and_travels_and_the_link_stays(domain: Domain, site: Site) -> None:
    linked(domain, site)
    staging = domain.enable(site)
    assert strings(site, "staging") == strings(site)
    domain.publish(staging, "two")
    other = "postgresql://ann@other.example.org/shop"
    domain.save(staging, Entry("shop", other, "PostgreSQL"), category=STRINGS)
    assert domain.swap(staging, site.slots.get(is_production=True)).state == "succeeded"
    assert strings(site)["shop"].value == other and strings(site, "staging")["shop"].value == TEXT
    assert LinkedResource.objects.get().name == "shop"


def test_a_connection_string_that_is_there_is_linked_as_it_is(domain: Domain, site: Site) -> None:
    domain.save(site.slots.get(), Entry("cache", "redis://db/0", "Custom", is_sticky=True), category=STRINGS)
    asked = linked_resources.link(acting_user=domain.alice, site=site, engine="redis", name="cache")
    assert (asked.kind, asked.state) == ("linked_resources", "succeeded")
    assert strings(site)["cache"].is_sticky
    with pytest.raises(ResourceRefused, match="has a linked resource 'cache' already"):
        linked_resources.link(acting_user=domain.alice, site=site, engine="redis", name="cache")


def test_what_cannot_be_linked_changes_nothing(domain: Domain, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    domain.save(site.slots.get(), Entry("cache", "redis://db/0", "Custom"), category=STRINGS)
    for wrong, said in (
        ({"name": "cache", "connection_string": TEXT}, "has a connection string 'cache' already"),
        ({"name": "none"}, "has no connection string of this name"),
        ({"name": "cache"}, "cannot be read"),
        ({"name": "shop", "connection_string": TEXT, "engine": "mysql"}, "neither PostgreSQL nor Redis"),
    ):
        with pytest.raises(ResourceRefused, match=said):
            linked_resources.link(acting_user=domain.alice, site=site, **{"engine": "postgresql", **wrong})
    monkeypatch.setattr(LinkedResource, "MOST", 0)
    with pytest.raises(ResourceRefused, match="may have no more"):
        linked_resources.link(acting_user=domain.alice, site=site, engine="redis", name="cache")
    assert list(strings(site)) == ["cache"] and not LinkedResource.objects.exists()


def test_no_link_is_left_where_production_is_busy(domain: Domain, site: Site) -> None:
    slots.restart(acting_user=domain.alice, slot=site.slots.get())
    with pytest.raises(SlotBusy):
        linked(domain, site)
    assert not LinkedResource.objects.exists() and strings(site) == {}


def test_the_string_stays_unless_it_is_to_go_too(domain: Domain, site: Site) -> None:
    number = linked(domain, site).pk
    linked_resources.unlink(acting_user=domain.alice, site=site, number=number)
    assert not LinkedResource.objects.exists() and list(strings(site)) == ["shop"]
    assert Operation.objects.filter(kind="linked_resources").first().outcome.endswith("Its connection string stays.")
    number = linked(domain, site, name="shop", text="").pk
    asked = linked_resources.unlink(acting_user=domain.alice, site=site, number=number, removes_string=True)
    assert (domain.work(asked).state, asked.kind) == ("succeeded", "change_settings")
    assert not LinkedResource.objects.exists() and strings(site) == {}


def test_a_check_is_asked_for_and_not_more_often_than_so(domain: Domain, site: Site) -> None:
    resource = linked(domain, site)
    LinkedResource.objects.update(checked_at=now(), due_at=now() + timedelta(hours=1), is_awaited=False)
    found = linked_resources.check_again(acting_user=domain.alice, site=site, number=resource.pk)
    assert found.is_awaited
    assert found.due_at == found.checked_at + timedelta(seconds=linked_resources.AGAIN_SECONDS)


def test_readers_and_strangers_change_nothing(domain: Domain, site: Site) -> None:
    number = linked(domain, site).pk
    for person, refusal in ((domain.bob, NotAllowed), (domain.charlie, NotFound)):
        with pytest.raises(refusal):
            linked_resources.link(
                acting_user=person, site=site, engine="redis", name="x", connection_string="redis://db"
            )
        for change in (linked_resources.check_again, linked_resources.unlink):
            with pytest.raises(refusal):
                change(acting_user=person, site=site, number=number)
    other = domain.create("fabrikam")
    with pytest.raises(NotFound):
        linked_resources.unlink(acting_user=domain.alice, site=other, number=number)
