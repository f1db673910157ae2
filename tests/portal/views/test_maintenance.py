"""The dialog of the maintenance page."""

from django.test import Client

from sites.models import MaintenancePage, Site
from tests.portal.conftest import HTMX
from tests.portal.views.conftest import states, text

ADDRESS = "/sites/contoso/staging/maintenance/"
DASHBOARD = "/sites/contoso/staging/dashboard/"


def test_one_button_saves_the_page_and_shows_it_to_visitors(contoso: Site, alice: Client) -> None:
    assert 'id="maintenance-on"' in text(alice.get(ADDRESS))
    answer = alice.post(ADDRESS, {"html": "<b>Later</b>", "retry_after": "60", "switch": "on"})
    assert (answer.status_code, answer.headers["Location"]) == (303, DASHBOARD)
    assert "Under maintenance" in text(alice.get(DASHBOARD))
    assert "Under maintenance" in text(alice.get("/sites/"))
    shown = text(alice.get(ADDRESS))
    assert "&lt;b&gt;Later&lt;/b&gt;" in shown and 'id="maintenance-off"' in shown
    alice.post(ADDRESS, {"html": "", "retry_after": "60", "switch": "off"})
    assert "Under maintenance" not in text(alice.get(DASHBOARD))


def test_the_page_is_saved_and_the_switch_left_alone(contoso: Site, alice: Client) -> None:
    alice.post(ADDRESS, {"html": "<b>Later</b>", "retry_after": "60", "switch": ""})
    assert MaintenancePage.objects.get().html == "<b>Later</b>"
    assert "Under maintenance" not in text(alice.get(DASHBOARD))


def test_the_switch_alone_leaves_the_page_that_somebody_saved_meanwhile(contoso: Site, alice: Client) -> None:
    alice.post(ADDRESS, {"html": "<b>\nfirst</b>", "retry_after": "60"})
    old = {"html": "<b>\r\nfirst</b>", "retry_after": "60", "addresses": "", "state": states(text(alice.get(ADDRESS)))}
    alice.post(ADDRESS, {"html": "from A", "retry_after": "90", "switch": ""})
    assert alice.post(ADDRESS, old | {"switch": "on"}).status_code == 303
    assert (MaintenancePage.objects.get().html, MaintenancePage.objects.get().retry_after_seconds) == ("from A", 90)
    assert contoso.slots.filter(is_in_maintenance=True).exists()


def test_a_page_is_put_over_what_somebody_saved_meanwhile_only_when_it_is_said(contoso: Site, alice: Client) -> None:
    own = {"html": "from B", "retry_after": "60", "switch": "on", "state": states(text(alice.get(ADDRESS)))}
    alice.post(ADDRESS, {"html": "from A", "retry_after": "90", "switch": ""})
    answer = alice.post(ADDRESS, own)
    assert answer.status_code == 412 and "was changed after you opened this" in text(answer)
    assert "from A" in text(answer) and "from B" in text(answer)
    assert MaintenancePage.objects.get().html == "from A"
    assert not contoso.slots.filter(is_in_maintenance=True).exists()
    assert alice.post(ADDRESS, own | {"state": states(text(answer))}).status_code == 303
    assert MaintenancePage.objects.get().html == "from B"


def test_a_refusal_stands_in_the_dialog_with_what_was_typed(contoso: Site, alice: Client) -> None:
    answer = alice.post(ADDRESS, {"html": "<b>Later</b>", "retry_after": "soon", "switch": "on"})
    assert answer.status_code == 400
    assert "is no number of seconds; nothing was saved" in text(answer)
    assert "&lt;b&gt;Later&lt;/b&gt;" in text(answer) and 'value="soon"' in text(answer)
    assert not contoso.slots.filter(is_in_maintenance=True).exists()


def test_a_reader_looks_and_changes_nothing(contoso: Site, bob: Client) -> None:
    assert 'id="maintenance-on"' not in text(bob.get(ADDRESS, headers=HTMX))
    assert bob.post(ADDRESS, {"switch": "on", "retry_after": "5"}).status_code == 403
