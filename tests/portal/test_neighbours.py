"""At the side of a site's pages stand the sites beside it, however many there are."""

import re

import pytest
from django.test import Client

from portal import neighbours
from sites.models import Site, Slot, Subscription
from tests.domain import Domain

NAME = re.compile(r'class="drill-in__site"[^>]*>([^<]+)<')


@pytest.fixture(autouse=True)
def _two_around(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "AROUND", 2)


def _sites(subscription: Subscription, *names: str) -> None:
    sites = Site.objects.bulk_create(Site(name=name, subscription=subscription) for name in names)
    Slot.objects.bulk_create(
        Slot(site=site, name="production", is_production=True, publishing_user=f"${site.name}", publishing_password="")
        for site in sites
    )


def _beside(alice: Client) -> list[str]:
    page = alice.get("/sites/contoso/production/logs/").content.decode()
    return NAME.findall(page.partition('id="drill-in"')[2].partition("</nav>")[0])


def test_few_sites_all_stand_at_the_side(domain: Domain, contoso: Site, alice: Client) -> None:
    _sites(contoso.subscription, "adatum", "berlin", "fabrikam", "northwind")
    assert _beside(alice) == ["adatum", "berlin", "contoso", "fabrikam", "northwind"]


def test_of_many_sites_those_beside_it_do_and_the_list_has_all(domain: Domain, contoso: Site, alice: Client) -> None:
    _sites(contoso.subscription, "adatum", "alpine", "berlin", "fabrikam", "northwind", "tailspin")
    assert _beside(alice) == ["alpine", "berlin", "contoso", "fabrikam", "northwind", "All web sites"]
