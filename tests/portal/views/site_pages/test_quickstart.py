"""Quick start leads to the first publication; the sample's story ticks itself."""

import re

from django.test import Client

from sites.models import Site, Slot
from sites.services import custom_sites
from tests.domain import Domain
from tests.portal.views.site_pages.conftest import Address


def _sample(domain: Domain) -> tuple[Slot, Slot]:
    operation = custom_sites.create_sample_site(acting_user=domain.alice, subscription=domain.subscription)
    domain.work(operation)
    site = Site.objects.get(is_sample=True)
    return site.slots.get(is_production=True), site.slots.get(is_production=False)


def _ticks(client: Client, address: str) -> list[bool]:
    page = client.get(address).content.decode()
    return ["story__step--done" in mark for mark in re.findall(r'<li class="(story__step[^"]*)"', page)]


def test_an_ordinary_site_shows_how_to_publish(alice: Client, staging: Slot, address: Address) -> None:
    page = alice.get(address("quickstart", staging)).content.decode()
    assert "curl -u '$contoso__staging'" in page or "curl -u '$contoso__staging'" in page
    assert "http://contoso-staging.scm.localhost:8080/api/zipdeploy" in page
    assert "Enable staged publishing" not in page


def test_a_site_without_staging_is_led_to_it(domain: Domain, alice: Client, address: Address) -> None:
    production = domain.create("fabrikam").slots.get()
    assert "Enable staged publishing" in alice.get(address("quickstart", production)).content.decode()


def test_the_story_ticks_itself_step_by_step(domain: Domain, alice: Client, address: Address) -> None:
    production, staging = _sample(domain)
    story = address("quickstart", production)
    assert _ticks(alice, story) == [False] * 5
    alice.post(address("look", production))
    assert _ticks(alice, story) == [True, False, False, False, False]
    alice.post(address("look", staging))
    assert _ticks(alice, story) == [True, True, False, False, False]
    for expected in ([True] * 3 + [False] * 2, [True] * 4 + [False]):
        domain.swap(staging, production)
        assert _ticks(alice, story) == expected
    domain.publish(staging, "my own")
    assert _ticks(alice, story) == [True] * 5
    assert "You have finished" in alice.get(story).content.decode()


def test_looking_leads_to_the_slot_without_a_redirect(domain: Domain, alice: Client, address: Address) -> None:
    production, _ = _sample(domain)
    answer = alice.post(address("look", production))
    assert answer.status_code == 200
    assert 'content="0; url=http://hello.localhost:8080/"' in answer.content.decode()
