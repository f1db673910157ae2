"""A slot in a crash loop is nowhere called running."""

from django.test import Client

from sites.jobs import reconcile
from sites.models import Site
from sites.services import slots
from tests.domain import Domain


def test_the_portal_never_calls_it_running(domain: Domain, contoso: Site, alice: Client) -> None:
    production = contoso.slots.get(is_production=True)
    domain.runtime.exit_with(production.live_revision_id, 0, 137, restarts=3)
    reconcile.run()
    assert _statuses(alice) == {"contoso": "Failing", "contoso (staging)": "Running"}
    page = alice.get("/sites/contoso/production/dashboard/").content.decode()
    assert "<dt>Status</dt><dd>Failing</dd>" in page
    assert "Failing, ended with code 137 (it was killed: signal 9, SIGKILL)" in page
    assert '<a href="/sites/contoso/production/logs/">its log</a>' in page
    assert "1 of 1 instance of contoso keeps crashing." in page
    assert "ends again and again" in alice.get("/operations/").content.decode()


def test_of_several_instances_it_says_how_many(domain: Domain, contoso: Site, alice: Client) -> None:
    production = contoso.slots.get(is_production=True)
    domain.work(slots.scale(acting_user=domain.alice, slot=production, count=3))
    for ordinal in (0, 2):
        domain.runtime.exit_with(production.live_revision_id, ordinal, 1)
    reconcile.run()
    assert _statuses(alice)["contoso"] == "Running, 2 of 3 failing"
    page = alice.get("/sites/contoso/production/dashboard/").content.decode()
    assert "2 of 3 instances of contoso keep crashing." in page


def _statuses(alice: Client) -> dict[str, str]:
    rows = alice.get("/sites/").context["tree"].rows
    return {row.slot.title: row.status for row in rows}
