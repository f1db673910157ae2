"""Releases of a slot, and the report of one."""

from django.test import Client

from sites.jobs import releases
from sites.models import Slot, Stay
from tests.domain import Domain
from tests.portal.views.site_pages.conftest import Address


def test_the_report_shows_both_releases_what_changed_and_the_steps(
    domain: Domain, alice: Client, staged: tuple[Slot, Slot], address: Address
) -> None:
    production, staging = staged
    operation = domain.swap(staging, production)
    releases.run()
    present = Stay.objects.get(slot=production, ended_at=None)
    of_present = address("release", production, present.pk)
    assert of_present in alice.get(address("releases", production)).content.decode()
    page = alice.get(of_present).content.decode()
    for said in ("two", "alice", "index.html", "Http server errors", "Switching the host names"):
        assert said in page
    assert str(operation.public_id) in page
    first = Stay.objects.filter(slot=production).first()
    assert "the placeholder page" in alice.get(of_present, {"with": first.pk}).content.decode()


def test_a_release_of_another_slot_is_not_found(
    alice: Client, production: Slot, staging: Slot, address: Address
) -> None:
    other = Stay.objects.get(slot=staging, ended_at=None)
    mine = Stay.objects.get(slot=production, ended_at=None)
    assert alice.get(address("release", production, other.pk)).status_code == 404
    for strange in (str(other.pk), "x", "9" * 30, "-1", "\u0663"):
        assert alice.get(address("release", production, mine.pk), {"with": strange}).status_code == 404, strange
