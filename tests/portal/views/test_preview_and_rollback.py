"""What a person may do between a swap's preparation and its end, and how the last swap is rolled back."""

import re

import pytest
from django.test import Client

from portal.drain import connections_cut
from portal.views.rollback import UNALTERED
from sites.models import Operation, OperationState, Revision, RevisionState, Site
from sites.services.settings import Entry
from tests.domain import Domain
from tests.portal.conftest import HTMX

SLOT = "/sites/contoso/staging/"
QUESTIONS = ("complete/", "rollback/")


def latest(domain: Domain, state: OperationState = OperationState.SUCCEEDED) -> Operation:
    """The last operation, taken as far as it goes by itself."""
    operation = Operation.objects.latest("pk")
    if state == OperationState.WAITING:
        domain.look(operation)
    else:
        domain.work(operation)
    assert operation.state == state, operation.outcome
    return operation


def text(answer: object) -> str:
    return answer.content.decode().replace("&#x27;", "'")


@pytest.fixture
def prepared(domain: Domain, contoso: Site, alice: Client) -> Operation:
    """A swap that Alice has prepared."""
    assert alice.post(f"{SLOT}swap/", {"preview": "1"}, headers=HTMX).status_code == 200
    return latest(domain, OperationState.WAITING)


@pytest.fixture
def swapped(domain: Domain, contoso: Site, alice: Client) -> Operation:
    """A swap that is done."""
    alice.post(f"{SLOT}swap/", headers=HTMX)
    return latest(domain)


@pytest.mark.parametrize("question", QUESTIONS)
def test_readers_and_strangers_are_neither_asked_nor_obeyed(
    swapped: Operation, bob: Client, charlie: Client, browser: object, question: str
) -> None:
    before = Operation.objects.count()
    for method in ("get", "post"):
        assert getattr(bob, method)(SLOT + question, headers=HTMX).status_code == 403
        assert getattr(charlie, method)(SLOT + question).status_code == 404
        assert getattr(browser(None), method)(SLOT + question).status_code == 302
    assert Operation.objects.count() == before


@pytest.mark.parametrize("page", ["pending/", "swaps/"])
def test_what_only_shows_takes_no_order_and_tells_strangers_nothing(
    swapped: Operation, bob: Client, charlie: Client, browser: object, page: str
) -> None:
    assert bob.get(SLOT + page).status_code == 200
    assert bob.post(SLOT + page).status_code == 405
    assert charlie.get(SLOT + page).status_code == (204 if page == "pending/" else 404)
    assert browser(None).get(SLOT + page).status_code == 302


@pytest.mark.parametrize("slot", ["staging", "production"])
def test_a_prepared_swap_shows_on_both_slots_and_asks_slowly(
    prepared: Operation, alice: Client, bob: Client, slot: str
) -> None:
    listed = alice.get(f"/sites/?selected=contoso/{slot}")
    assert {row.status for row in listed.context["tree"].rows} == {"Prepared for swap"}
    assert "every 30s" in text(listed) and "every 1s" not in text(listed) and "every 2s" not in text(listed)
    commands = {command.key: command for command in listed.context["commands"]}
    assert list(commands)[3:7] == ["swap", "rollback", "complete", "cancel"]
    assert commands["complete"].reason == commands["cancel"].reason == ""
    assert "is prepared for a swap by alice since" in commands["swap"].reason
    assert (commands["stop"].reason == "") == (slot == "production")
    for tab in ("quickstart", "dashboard", "deployments", "configure", "scale", "swaps"):
        page = text(alice.get(f"/sites/contoso/{slot}/{tab}/"))
        assert "every 1s" not in page, tab
        assert 'id="command-complete"' in page and 'id="command-cancel"' in page, tab
        assert ("This address shows production's settings now." in page) == (slot == "staging"), tab
        assert "Started by alice at" in page and "cancelled by itself at" in page
    assert 'id="command-complete" aria-disabled="true"' in text(bob.get(f"/sites/contoso/{slot}/dashboard/"))


def test_the_bar_reminds_and_offers_both_ends(prepared: Operation, alice: Client) -> None:
    page = text(alice.get("/sites/"))
    assert "notification--waiting" in page and "'contoso (staging)' is prepared for a swap with production." in page
    assert 'id="notification-complete"' in page and 'id="notification-cancel"' in page
    same = alice.get("/operations/bar/?pace=waiting", headers=HTMX)
    assert same.status_code == 200 and "HX-Reswap" not in same
    other = alice.get("/operations/bar/?pace=working", headers=HTMX)
    assert other["HX-Reswap"] == "outerHTML" and "every 30s" in text(other)


def test_refusals_offer_complete_and_cancel(prepared: Operation, alice: Client) -> None:
    for headers in (HTMX, {}):
        answer = alice.post(f"{SLOT}restart/", headers=headers)
        assert answer.status_code == 409
        assert "/sites/contoso/staging/complete/" in text(answer)
        assert f"/operations/{prepared.public_id}/cancel/" in text(answer)


def test_the_question_of_a_stop_says_that_it_ends_the_preview(prepared: Operation, alice: Client) -> None:
    question = text(alice.get("/sites/contoso/production/stop/", headers=HTMX))
    assert "The swap that alice prepared at" in question and "is cancelled with it" in question
    assert "is cancelled with it" not in text(alice.get(f"{SLOT}stop/", headers=HTMX))


def test_complete_asks_and_switches(domain: Domain, prepared: Operation, alice: Client) -> None:
    question = text(alice.get(f"{SLOT}complete/", headers=HTMX))
    assert "that alice prepared at" in question and "contoso-staging.localhost" in question
    assert domain.serves("contoso.localhost") == "one"
    assert alice.post("/sites/contoso/production/complete/", headers=HTMX).status_code == 200
    assert domain.work(prepared).state == "succeeded", prepared.outcome
    assert domain.serves("contoso.localhost") == "two"
    assert "prepared any more" in text(alice.get(f"{SLOT}complete/", headers=HTMX))
    assert "This address shows" not in text(alice.get(f"{SLOT}pending/", headers=HTMX))


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
    page = text(alice.get(f"{SLOT}{tab}/"))
    address = re.search(r'id="command-bar"[^>]* hx-get="([^"]+)"', page)
    assert address
    here = address[1].replace("&amp;", "&")
    assert 'id="command-complete"' in text(alice.get(here, headers=HTMX))
    alice.post(f"/operations/{prepared.public_id}/cancel/", headers=HTMX)
    domain.work(prepared)
    bar = text(alice.get(here, headers=HTMX))
    assert 'id="command-complete"' not in bar
    assert f'form="{tab}-form"' in bar and f'href="{SLOT}{tab}/"' in bar


def test_a_roll_back_is_offered_with_the_time_left(domain: Domain, swapped: Operation, alice: Client) -> None:
    page = text(alice.get("/sites/?selected=contoso/staging"))
    assert 'id="notification-rollback"' in page
    question = text(alice.get(f"{SLOT}rollback/", headers=HTMX))
    assert "It is instant" in question and "that alice made at" in question
    assert 'id="answer-yes"' in question and 'id="answer-unaltered"' not in question
    alice.post("/sites/contoso/production/rollback/", headers=HTMX)
    latest(domain)
    assert domain.serves("contoso.localhost") == "one"
    assert domain.serves("contoso-staging.localhost") == "two"
    commands = {one.key: one for one in alice.get("/sites/?selected=contoso/staging").context["commands"]}
    assert "the last one has been rolled back" in commands["rollback"].reason
    assert 'id="notification-rollback"' not in text(alice.get("/sites/"))
    assert alice.get(f"{SLOT}rollback/", headers=HTMX).status_code == 409


@pytest.mark.parametrize(("version", "expected"), [("present", "mended"), (UNALTERED, "one")])
def test_an_altered_staging_gives_two_answers(
    domain: Domain, swapped: Operation, alice: Client, version: str, expected: str
) -> None:
    domain.publish(swapped.site.slots.get(name="staging"), "mended")
    question = text(alice.get(f"{SLOT}rollback/", headers=HTMX))
    assert "Publication by alice at" in question and "Published 'mended'" in question
    assert 'id="answer-present"' in question and 'id="answer-unaltered"' in question
    assert 'id="answer-yes"' not in question
    alice.post(f"{SLOT}rollback/", {"version": version}, headers=HTMX)
    latest(domain)
    assert domain.serves("contoso.localhost") == expected
    assert domain.serves("contoso-staging.localhost") == "two"


def test_staging_that_was_altered_after_the_question_is_asked_about_again(
    domain: Domain, swapped: Operation, alice: Client
) -> None:
    alice.get(f"{SLOT}rollback/", headers=HTMX)
    domain.publish(swapped.site.slots.get(name="staging"), "mended")
    again = alice.post(f"{SLOT}rollback/", {"swap": swapped.swap.pk}, headers=HTMX)
    assert again["HX-Retarget"] == "#confirmation" and 'id="answer-unaltered"' in text(again)
    assert domain.serves("contoso.localhost") == "two"


def test_a_swap_that_was_made_after_the_question_is_asked_about_instead(
    domain: Domain, swapped: Operation, alice: Client
) -> None:
    alice.post(f"{SLOT}swap/", headers=HTMX)
    latest(domain)
    again = alice.post(f"{SLOT}rollback/", {"swap": swapped.swap.pk}, headers=HTMX)
    assert 'id="answer-yes"' in text(again)
    assert domain.serves("contoso.localhost") == "one"


def test_the_notification_says_what_the_way_back_will_take(domain: Domain, contoso: Site, alice: Client) -> None:
    swap_with_new_instances(domain, contoso, alice)
    assert "data-seconds-left" in text(alice.get("/sites/"))
    Revision.objects.filter(state=RevisionState.RETAINED).update(state=RevisionState.STOPPED)
    assert 'Roll back<span class="left"> · about' in text(alice.get("/sites/"))


def test_what_serves_in_staging_is_said_to_be_kept_for_the_window_and_warm_after_it(
    domain: Domain, swapped: Operation, alice: Client
) -> None:
    question = text(alice.get(f"{SLOT}rollback/", headers=HTMX))
    assert "the instances of before serve in staging. They are kept until" in question
    assert "also when staging is altered; after that they stay warm as long as it is not altered." in question
    assert "data-seconds-left" in text(alice.get("/sites/"))
    Revision.objects.update(retained_until=None)
    question = text(alice.get(f"{SLOT}rollback/", headers=HTMX))
    assert "the instances that it needs serve in staging, and stay warm as long as it is not altered." in question
    assert 'Roll back<span class="left"> · instant</span>' in text(alice.get("/sites/"))


def swap_with_new_instances(domain: Domain, site: Site, alice: Client) -> Operation:
    """A swap between slots with a setting of their own, which keeps the former instances for a roll-back."""
    for slot in site.slots.all():
        domain.save(slot, Entry("PLACE", slot.name, is_sticky=True))
    alice.post(f"{SLOT}swap/", headers=HTMX)
    return latest(domain)


def test_each_of_the_two_answers_says_how_long_it_takes(domain: Domain, contoso: Site, alice: Client) -> None:
    swap_with_new_instances(domain, contoso, alice)
    domain.publish(contoso.slots.get(name="staging"), "mended")
    question = text(alice.get(f"{SLOT}rollback/", headers=HTMX))
    present, unaltered = question.split("How long it takes")[1].split("The unaltered version:")[:2]
    assert "about" in present and "instant" not in present and "It is instant" in unaltered


def test_the_history_tells_what_each_slot_served(domain: Domain, swapped: Operation, alice: Client) -> None:
    swapped.swap.__class__.objects.filter(pk=swapped.swap.pk).update(requests=1204, failures=0)
    alice.post(f"{SLOT}rollback/", headers=HTMX)
    latest(domain)
    page = alice.get(f"{SLOT}swaps/")
    assert [entry.kind for entry in page.context["entries"]] == ["Roll-back", "Swap"]
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
