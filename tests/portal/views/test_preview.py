"""What a person may do between a swap's preparation and its end."""

import pytest
from django.test import Client

from sites.models import Operation
from tests.domain import Domain
from tests.portal.conftest import HTMX
from tests.portal.views.conftest import SLOT, latest, text


@pytest.mark.parametrize("slot", ["staging", "production"])
def test_a_prepared_swap_shows_on_both_slots(prepared: Operation, alice: Client, bob: Client, slot: str) -> None:
    listed = alice.get(f"/sites/?selected=contoso/{slot}")
    assert {row.status for row in listed.context["tree"].rows} == {"Prepared for swap"}
    commands = {command.key: command for command in listed.context["commands"]}
    assert list(commands)[4:8] == ["swap", "rollback", "complete", "cancel"]
    assert commands["complete"].reason == commands["cancel"].reason == ""
    assert "is prepared for a swap by alice since" in commands["swap"].reason
    assert (commands["stop"].reason == "") == (slot == "production")
    for tab in ("quickstart", "dashboard", "deployments", "configure", "scale", "swaps"):
        page = text(alice.get(f"/sites/contoso/{slot}/{tab}/"))
        assert 'id="command-complete"' in page and 'id="command-cancel"' in page, tab
        assert ("This address shows production's settings now." in page) == (slot == "staging"), tab
        assert "Started by alice at" in page and "cancelled automatically at" in page
    assert 'id="command-complete" aria-disabled="true"' in text(bob.get(f"/sites/contoso/{slot}/dashboard/"))


def test_the_bar_reminds_and_offers_both_ends(prepared: Operation, alice: Client) -> None:
    page = text(alice.get("/sites/"))
    assert "notification--waiting" in page and "'contoso (staging)' is prepared for a swap with production." in page
    assert 'id="notification-complete"' in page and 'id="notification-cancel"' in page


def test_refusals_offer_complete_and_cancel(prepared: Operation, alice: Client) -> None:
    for headers in (HTMX, {}):
        answer = alice.post(f"{SLOT}restart/", headers=headers)
        assert answer.status_code == 409
        assert "/sites/contoso/staging/complete/" in text(answer)
        assert f"/operations/{prepared.public_id}/cancel/" in text(answer)


def test_the_question_of_a_stop_says_that_it_ends_the_preview(prepared: Operation, alice: Client) -> None:
    question = text(alice.get("/sites/contoso/production/stop/", headers=HTMX))
    assert "The swap that alice prepared at" in question and "is then cancelled" in question
    assert "is then cancelled" not in text(alice.get(f"{SLOT}stop/", headers=HTMX))


def test_complete_asks_and_switches(domain: Domain, prepared: Operation, alice: Client) -> None:
    question = text(alice.get(f"{SLOT}complete/", headers=HTMX))
    assert "that alice prepared at" in question and "contoso-staging.localhost" in question
    assert domain.serves("contoso.localhost") == "one"
    assert alice.post("/sites/contoso/production/complete/", headers=HTMX).status_code == 200
    assert domain.work(prepared).state == "succeeded", prepared.outcome
    assert domain.serves("contoso.localhost") == "two"
    assert "prepared any more" in text(alice.get(f"{SLOT}complete/", headers=HTMX))
    assert "This address shows" not in text(alice.get(f"{SLOT}dashboard/"))


def test_the_answer_to_another_preview_completes_nothing(domain: Domain, prepared: Operation, alice: Client) -> None:
    answer = alice.post(f"{SLOT}complete/", {"operation": "another"}, headers=HTMX)
    assert answer["HX-Retarget"] == "#confirmation" and str(prepared.public_id) in text(answer)
    prepared.refresh_from_db()
    assert prepared.state == "waiting"
    assert domain.serves("contoso.localhost") == "one"


def test_cancel_gives_staging_back(domain: Domain, prepared: Operation, alice: Client) -> None:
    assert alice.post(f"/operations/{prepared.public_id}/cancel/", headers=HTMX).status_code == 200
    assert domain.work(prepared).state == "cancelled"
    assert domain.serves("contoso.localhost") == "one"


def test_a_cancelled_preview_is_a_plain_notice_that_newer_news_replaces(
    domain: Domain, prepared: Operation, alice: Client
) -> None:
    alice.post(f"/operations/{prepared.public_id}/cancel/", headers=HTMX)
    assert domain.work(prepared).state == "cancelled"
    page = text(alice.get("/sites/"))
    assert "notification--notice" in page and "notification--failure" not in page
    assert not alice.get("/sites/").context["frame"].waiting.has_failed
    alice.post(f"{SLOT}restart/", headers=HTMX)
    newer = latest(domain)
    assert alice.get("/sites/").context["frame"].waiting.shown == newer
    alice.post(f"/operations/{newer.public_id}/dismiss/", headers=HTMX)
    assert alice.get("/sites/").context["frame"].waiting.shown is None


@pytest.mark.parametrize("tab", ["configure", "scale"])
def test_the_command_bar_of_a_settings_page_follows_the_end_of_a_preview(
    domain: Domain, prepared: Operation, alice: Client, tab: str
) -> None:
    here = f"{SLOT}{tab}/"
    assert 'id="command-complete"' in text(alice.get(here))
    alice.post(f"/operations/{prepared.public_id}/cancel/", headers=HTMX)
    domain.work(prepared)
    bar = text(alice.get(here))
    assert 'id="command-complete"' not in bar
    assert f'form="{tab}-form"' in bar and f'href="{SLOT}{tab}/"' in bar


@pytest.mark.parametrize(
    "question",
    [
        "/sites/contoso/production/mode/?mode=free",
        "/sites/contoso/production/mode/?mode=standard&size=large",
        "/sites/contoso/production/delete/",
        "/sites/contoso/staging/delete/",
        "/sites/contoso/staging/stop/",
        "/sites/contoso/staging/publish/",
        "/sites/contoso/staging/swap/",
    ],
)
def test_no_question_is_asked_whose_yes_the_preview_would_refuse(
    prepared: Operation, alice: Client, question: str
) -> None:
    answer = alice.get(question, headers=HTMX)
    assert answer.status_code == 409 and answer["HX-Retarget"] == "#notification"
    assert "answer-yes" not in text(answer) and f"/operations/{prepared.public_id}/cancel/" in text(answer)


def test_production_is_scaled_and_stopped_all_the_same(prepared: Operation, alice: Client) -> None:
    assert "answer-yes" in text(alice.get("/sites/contoso/production/stop/", headers=HTMX))
