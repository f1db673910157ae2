"""How the last swap is rolled back, and what is said beforehand of how long it takes."""

import pytest
from django.test import Client

from portal.views.rollback import UNALTERED
from sites.models import Operation, Revision, RevisionState, Site
from tests.domain import Domain
from tests.portal.conftest import HTMX
from tests.portal.views.conftest import SLOT, latest, swap_with_new_instances, text


def test_a_roll_back_is_offered_with_the_time_left(domain: Domain, swapped: Operation, alice: Client) -> None:
    page = text(alice.get("/sites/?selected=contoso/staging"))
    assert 'id="notification-rollback"' in page
    question = text(alice.get(f"{SLOT}rollback/", headers=HTMX))
    assert "Instant:" in question and "that alice made at" in question
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
    assert "the previous instances run in staging. They are kept until" in question
    assert "even if staging is changed. After that they stay warm until staging is changed." in question
    assert "data-seconds-left" in text(alice.get("/sites/"))
    Revision.objects.update(retained_until=None)
    question = text(alice.get(f"{SLOT}rollback/", headers=HTMX))
    assert "the instances that it needs run in staging. They stay warm until staging is changed." in question
    assert 'Roll back<span class="left"> · instant</span>' in text(alice.get("/sites/"))


def test_each_of_the_two_answers_says_how_long_it_takes(domain: Domain, contoso: Site, alice: Client) -> None:
    swap_with_new_instances(domain, contoso, alice)
    domain.publish(contoso.slots.get(name="staging"), "mended")
    question = text(alice.get(f"{SLOT}rollback/", headers=HTMX))
    present, unaltered = question.split("How long it takes")[1].split("The unaltered version:")[:2]
    assert "about" in present and "instant" not in present and "Instant:" in unaltered
