"""The history of a site's swaps, and the connections that they cut."""

from django.test import Client

from portal.drain import connections_cut
from sites.models import Operation, Revision, RevisionState, Site
from tests.domain import Domain
from tests.portal.conftest import HTMX
from tests.portal.views.conftest import SLOT, latest, swap_with_new_instances, text


def test_the_history_tells_what_each_slot_served(domain: Domain, swapped: Operation, alice: Client) -> None:
    swapped.swap.__class__.objects.filter(pk=swapped.swap.pk).update(requests=1204, failures=0)
    alice.post(f"{SLOT}rollback/", headers=HTMX)
    latest(domain)
    page = alice.get(f"{SLOT}swaps/")
    assert [entry.title for entry in page.context["entries"]] == ["Roll-back", "Swap"]
    for part in ("one (", "two (", "1204, 0 failed", "<b>By:</b> alice", "Warming up every instance", "Rolled back"):
        assert part in text(page), part
    assert f"{SLOT}swaps/" in text(alice.get(f"{SLOT}dashboard/"))
    assert "/sites/contoso/production/swaps/" in text(alice.get(f"/operations/{swapped.public_id}/"))


def test_connections_that_were_cut_are_told_also_when_there_were_none(
    domain: Domain, contoso: Site, alice: Client
) -> None:
    swapped = swap_with_new_instances(domain, contoso, alice)
    details, history = f"/operations/{swapped.public_id}/", f"{SLOT}swaps/"
    assert "Connections cut" not in text(alice.get(details)) + text(alice.get(history))
    assert connections_cut([]) == ""
    Revision.objects.filter(state=RevisionState.RETAINED).update(state=RevisionState.DRAINING)
    assert "Connections cut at the drain limit: 0 so far" in text(alice.get(details))
    Revision.objects.filter(state=RevisionState.DRAINING).update(state=RevisionState.STOPPED)
    swapped.changes.update(cut_count=2)
    assert "Connections cut at the drain limit: 4" in text(alice.get(details))
    assert "<b>Connections cut:</b> 4</span>" in text(alice.get(history))
