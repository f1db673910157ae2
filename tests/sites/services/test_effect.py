"""Whoever saves is told when it holds."""

import pytest

from sites.models import Operation, RouterNode, Site
from sites.models.clock import now
from sites.services import certificates, maintenance
from tests.domain import Domain
from tests.sites.tls.uploads import upload

SAID = "Visitors of 'contoso' get its maintenance page."

pytestmark = pytest.mark.django_db(transaction=True)


def begin(domain: Domain, site: Site) -> str:
    record = maintenance.set_maintenance(acting_user=domain.alice, slot=site.slots.get(), is_on=True)
    assert Operation.objects.get(pk=record.pk).outcome == record.outcome
    return record.outcome


def test_it_is_answered_once_every_router_has_it(domain: Domain) -> None:
    site = domain.create()
    assert begin(domain, site) == SAID
    assert domain.router.answer("contoso.localhost").maintenance is not None


def test_the_record_names_a_router_that_is_late_and_says_when_it_has_it(domain: Domain) -> None:
    site = domain.create()
    RouterNode.objects.create(node_id="router-2", last_seen_at=now())
    later = "not have it yet, and takes it within a second of being back."
    assert begin(domain, site) == f"{SAID} Router router-2 does {later}"
    domain.router.is_unreachable = True
    assert begin(domain, site) == f"{SAID} The router does {later}"


def test_a_certificate_is_at_the_routers_when_its_upload_is_answered(domain: Domain) -> None:
    slot = domain.create().slots.get()
    RouterNode.objects.create(node_id="router-2", last_seen_at=now())
    certificates.add_certificate(acting_user=domain.alice, slot=slot, content=upload("contoso.localhost"), password="")
    assert Operation.objects.latest("pk").outcome.endswith(
        "Router router-2 does not have it yet, and takes it within a second of being back."
    )
