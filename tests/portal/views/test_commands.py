"""Start, stop, restart, enable and mode."""

import pytest
from django.test import Client

from sites.models import Operation, Site
from sites.services.settings import Entry, read_settings
from tests.domain import Domain
from tests.portal.conftest import HTMX


def test_stop_asks_and_start_and_restart_do_not(domain: Domain, alice: Client, contoso: Site) -> None:
    question = alice.get("/sites/contoso/staging/stop/", headers=HTMX).content.decode().replace("&#x27;", "'")
    assert (
        "Are you sure you want to stop 'contoso (staging)'? Visitors get a page saying that it is stopped." in question
    )
    for order, status in (("stop", "Stopped"), ("start", "Running"), ("restart", "Running")):
        alice.post(f"/sites/contoso/staging/{order}/", headers=HTMX)
        assert domain.work(Operation.objects.latest("pk")).state == "succeeded"
        assert alice.get("/sites/").context["tree"].rows[1].status == status


def test_a_stopped_slot_offers_start_and_cannot_be_looked_at(domain: Domain, alice: Client, contoso: Site) -> None:
    alice.post("/sites/contoso/staging/stop/")
    domain.work(Operation.objects.latest("pk"))
    bar = alice.get("/sites/contoso/staging/dashboard/")
    commands = {command.key: command for command in bar.context["commands"]}
    assert list(commands)[:3] == ["browse", "start", "restart"]
    assert commands["start"].reason == ""
    assert "is stopped" in commands["browse"].reason and "is stopped" in commands["restart"].reason


def test_enabling_asks_the_question_of_the_seed(domain: Domain, alice: Client) -> None:
    domain.create("fabrikam")
    question = alice.get("/sites/fabrikam/production/enable/", headers=HTMX).content.decode().replace("&#x27;", "'")
    assert "Are you sure you want to enable staged publishing for the web site 'fabrikam'?" in question
    alice.post("/sites/fabrikam/production/enable/", headers=HTMX)
    assert domain.work(Operation.objects.latest("pk")).state == "succeeded"


@pytest.mark.parametrize("is_cloned", [True, False])
def test_cloning_can_be_left_out_and_names_what_is_shared(domain: Domain, alice: Client, is_cloned: bool) -> None:
    slot = domain.create("fabrikam").slots.get()
    for name in ("main", "cache"):
        entries = [*read_settings(slot, "connection_strings"), Entry(name, "secret", "Custom")]
        domain.save(slot, *entries, category="connection_strings")
    question = alice.get("/sites/fabrikam/production/enable/", headers=HTMX).content.decode()
    assert 'name="is_cloned" checked' in question and "under Configure: cache, main." in question
    alice.post(
        "/sites/fabrikam/production/enable/", {"asked": "1"} | ({"is_cloned": "on"} if is_cloned else {}), headers=HTMX
    )
    outcome = domain.work(Operation.objects.latest("pk")).outcome
    staging = slot.site.slots.get(name="staging")
    assert len(read_settings(staging, "connection_strings")) == (2 if is_cloned else 0)
    assert outcome.endswith("until they are changed: 'cache', 'main'.") == is_cloned


def test_in_another_mode_enabling_is_refused_and_upgrade_leads_to_scale(domain: Domain, alice: Client) -> None:
    domain.create("fabrikam", mode="free")
    bar, page = (alice.get("/sites/fabrikam/production/enable/", headers=headers) for headers in (HTMX, {}))
    for answer in (bar, page):
        assert answer.status_code == 409
        text = answer.content.decode()
        assert "<strong>You must be in the standard mode to enable staged publishing</strong>" in text
        assert "/sites/fabrikam/production/scale/?mode=standard&amp;then=enable" in text
    assert bar["HX-Retarget"] == "#notification"


def test_a_second_slot_is_refused(alice: Client, contoso: Site) -> None:
    answer = alice.get("/sites/contoso/production/enable/", headers=HTMX)
    assert answer.status_code == 409
    assert "already has its staging slot" in answer.content.decode()


def test_a_change_of_mode_names_the_affected_sites(domain: Domain, alice: Client, contoso: Site) -> None:
    question = alice.get("/sites/contoso/production/mode/?mode=free", headers=HTMX).content.decode()
    assert "Affected sites" in question and "contoso (staging)" in question and "no longer be swapped" in question
    alice.post("/sites/contoso/production/mode/", {"mode": "free"}, headers=HTMX)
    domain.work(Operation.objects.latest("pk"))
    contoso.refresh_from_db()
    assert contoso.mode == "free"


@pytest.mark.parametrize("method", ["get", "post"])
def test_an_unknown_mode_is_refused(alice: Client, contoso: Site, method: str) -> None:
    answer = getattr(alice, method)("/sites/contoso/production/mode/", {"mode": "golden"}, headers=HTMX)
    assert answer.status_code == 400
    assert "golden" in answer.content.decode()


@pytest.mark.parametrize("count", ["9" * 5000, "-1", "two", "¹"])
def test_what_is_no_number_of_instances_is_refused_with_a_sentence(
    domain: Domain, alice: Client, contoso: Site, count: str
) -> None:
    answer = alice.post("/sites/contoso/production/mode/", {"mode": "shared", "count": count}, headers=HTMX)
    assert answer.status_code == 400
    assert "is no number of instances" in answer.content.decode()
    assert alice.get(f"/sites/contoso/production/scale/?count={count}").status_code == 200
    assert Site.objects.get().mode == "standard"
