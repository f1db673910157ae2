"""Sentences of the seed that the other live tests do not hold yet, asked at the sites by HTTP."""

from collections.abc import Callable, Iterator

import pytest
from django.test import override_settings

from sites.errors import NotStandard, SlotLimit
from sites.management.welcome import administrator
from sites.models import HostNameKind, Operation, Site, Slot
from sites.services.sites import create_site, delete_site
from sites.services.slots import delete_staging, enable_staged_publishing
from sites.services.subscriptions import ensure_default
from sites.services.swaps import request_swap
from tests.live import archives
from tests.live.stage import using
from tests.live.system import System
from tests.live.system import wait_for as wait_until
from tools.demo.operations import wait_for
from tools.demo.publishing import publish

pytestmark = pytest.mark.live

Create = Callable[..., Site]


@pytest.fixture
def create(system: System) -> Iterator[Create]:
    """Makes sites, which are gone after the test."""
    with using(system):
        user = administrator()
        subscription = ensure_default(owner=user)
        made: list[str] = []

        def create(name: str, *, mode: str = "standard") -> Site:
            made.append(name)
            wait_for(create_site(acting_user=user, subscription=subscription, name=name, mode=mode))
            return Site.objects.get(name=name)

        yield create
        for site in Site.objects.filter(name__in=made):
            wait_for(delete_site(acting_user=user, site=site, typed_name=site.name))


def enable(site: Site) -> Slot:
    before = set(site.slots.values_list("pk", flat=True))
    wait_for(enable_staged_publishing(acting_user=administrator(), site=site))
    return site.slots.exclude(pk__in=before).get()


def put(system: System, slot: Slot, version: str) -> None:
    """Publish over HTTP, as the slot's own credentials allow."""
    public_id = publish(slot, archives.probed(version), f"version {version}", port=system.port)
    wait_for(Operation.objects.get(public_id=public_id))


def status(system: System, slot: Slot) -> int:
    with system.client(host(slot)) as client:
        return client.get("/").status_code


def version(system: System, slot: Slot) -> str:
    with system.client(host(slot)) as client:
        return client.get("/").headers.get("X-Version", "")


def host(slot: Slot) -> str:
    return slot.host_names.get(kind=HostNameKind.DEFAULT).name.removesuffix(".localhost")


def production(site: Site) -> Slot:
    return site.slots.get(is_production=True)


def test_staging_is_validated_at_its_own_address_before_the_swap(system: System, create: Create) -> None:
    site = create("validated")
    put(system, production(site), "1")
    staging = enable(site)
    put(system, staging, "2")
    assert (version(system, production(site)), version(system, staging)) == ("1", "2")


def test_production_can_be_published_to_directly(system: System, create: Create) -> None:
    site = create("direct")
    put(system, production(site), "1")
    put(system, production(site), "2")
    assert version(system, production(site)) == "2"


@pytest.mark.parametrize("mode", ["free", "shared"])
def test_staged_publishing_needs_standard_mode(system: System, create: Create, mode: str) -> None:
    site = create(f"is-{mode}", mode=mode)
    with pytest.raises(NotStandard, match=r"^You must be in the standard mode to enable staged publishing"):
        enable(site)
    with system.client(f"is-{mode}-staging") as client:
        assert client.get("/").status_code == 404


def test_one_slot_beside_production_and_no_second_one(system: System, create: Create) -> None:
    site = create("single")
    staging = enable(site)
    assert status(system, staging) == 200
    with pytest.raises(SlotLimit, match=r"already has its staging slot. One slot beside production is supported"):
        enable(site)


@override_settings(STAGING_SLOTS_PER_SITE=4)
def test_four_slots_beside_production_where_the_setting_says_so(system: System, create: Create) -> None:
    site = create("many")
    put(system, production(site), "1")
    slots = [enable(site) for _ in range(4)]
    with pytest.raises(SlotLimit):
        enable(site)
    last = slots[-1]
    put(system, last, "5")
    wait_for(request_swap(acting_user=administrator(), source=last, target=production(site)))
    assert (version(system, production(site)), version(system, last)) == ("5", "1")
    assert all(status(system, slot) == 200 for slot in slots)


def test_deleting_staging_leaves_production_alone(system: System, create: Create) -> None:
    site = create("shorter")
    put(system, production(site), "1")
    staging = enable(site)
    address = host(staging)
    wait_for(delete_staging(acting_user=administrator(), slot=staging))
    with system.client(address) as client:
        assert client.get("/").status_code == 404
    assert version(system, production(site)) == "1"


def test_deleting_the_site_removes_both_addresses(system: System, create: Create) -> None:
    site = create("gone")
    addresses = [host(production(site)), host(enable(site))]
    wait_for(delete_site(acting_user=administrator(), site=site, typed_name="gone"))
    for address in addresses:
        with system.client(address) as client:
            wait_until(lambda asked=client: asked.get("/").status_code == 404, 60, "the address is gone")
    assert not Site.objects.filter(name="gone").exists()
