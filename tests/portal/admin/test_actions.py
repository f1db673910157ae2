"""The two actions of Django admin go through the services; refusals become messages."""

from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from sites.models import Membership, Operation, Site
from tests.domain import Domain

SITES = reverse("admin:sites_site_changelist")
SLOTS = reverse("admin:sites_slot_changelist")


def _run(client: Client, address: str, action: str, *records: object) -> list[str]:
    data = {"action": action, "_selected_action": [record.pk for record in records]}
    answer = client.post(address, data)
    assert answer.status_code == 302
    return [str(message) for message in get_messages(answer.wsgi_request)]


def test_staged_publishing_is_enabled_for_each_chosen_site(domain: Domain, admin: Client) -> None:
    standard, free = domain.create("contoso"), domain.create("fabrikam", mode="free")
    said = _run(admin, SITES, "enable_staged_publishing", standard, free)
    assert said[0].startswith("The enabling of staged publishing of 'contoso (staging)' has begun")
    assert said[1].startswith("You must be in the standard mode to enable staged publishing. 'fabrikam' is in Free")
    domain.work(Operation.objects.get(kind="enable_staging"))
    assert standard.slots.filter(name="staging").exists()
    assert not free.slots.filter(name="staging").exists()


def test_a_site_is_swapped_with_its_staging_slot(domain: Domain, admin: Client) -> None:
    production, _ = domain.staged()
    _run(admin, SITES, "swap_sites", production.site)
    domain.work(Operation.objects.get(kind="swap"))
    assert domain.serves("contoso.localhost") == "two"


def test_both_slots_of_a_site_are_one_swap(domain: Domain, admin: Client) -> None:
    said = _run(admin, SLOTS, "swap_slots", *domain.staged())
    assert len(said) == 1
    assert Operation.objects.filter(kind="swap").count() == 1


def test_a_site_without_staging_is_told_what_is_missing(domain: Domain, admin: Client) -> None:
    site = domain.create()
    (said,) = _run(admin, SITES, "swap_sites", site)
    assert said == "'contoso' has no staging site to swap with; nothing was changed. Enable staged publishing first."


def test_an_administrator_without_membership_is_told_so(domain: Domain, admin: Client) -> None:
    site = domain.create()
    Membership.objects.filter(user=domain.alice).delete()
    (said,) = _run(admin, SITES, "enable_staged_publishing", site)
    assert said.startswith("'contoso' was not changed: you are no member of its subscription.")
    assert Site.objects.get().slots.count() == 1
