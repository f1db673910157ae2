"""Sessions end: by time, when nobody is there, and when their person says so."""

import re
from datetime import timedelta
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.utils import timezone
from pytest_django import Settings

from portal.accounts import notices, sessions
from sites.jobs import tidy
from sites.models import Operation
from tests.domain import Domain
from tests.portal.accounts.conftest import ACCOUNT, Visitor

HTMX = {"HX-Request": "true", "HX-Current-URL": "http://localhost/sites/"}
BACKGROUND = {**HTMX, sessions.BACKGROUND: "1"}
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"


def age(**fields: timedelta) -> None:
    """As if so long had passed."""
    UserSession.objects.update(**{name: timezone.now() - span for name, span in fields.items()})


def test_a_session_ends_twelve_hours_after_its_sign_in_whatever_is_done(alice_in: Visitor) -> None:
    age(created_at=timedelta(hours=11, minutes=59))
    assert alice_in.is_in
    key = alice_in.client.session.session_key
    age(created_at=timedelta(hours=12))
    assert not alice_in.is_in and not Session.objects.filter(session_key=key).exists()


def test_a_session_ends_when_nobody_was_there_for_half_an_hour(alice_in: Visitor) -> None:
    age(last_seen_at=timedelta(minutes=29))
    assert alice_in.is_in
    age(last_seen_at=timedelta(minutes=30))
    assert not alice_in.is_in


def test_an_installation_chooses_other_spans(alice_in: Visitor, settings: Settings) -> None:
    settings.SESSION_HOURS, settings.SESSION_IDLE_MINUTES = 1, 5
    age(last_seen_at=timedelta(minutes=4))
    assert alice_in.is_in
    age(last_seen_at=timedelta(minutes=5))
    assert not alice_in.is_in


def test_what_a_page_asks_for_by_itself_keeps_no_session_alive(alice_in: Visitor) -> None:
    for minutes in range(0, 30, 5):
        age(last_seen_at=timedelta(minutes=minutes))
        assert alice_in.get("/sites/", headers=BACKGROUND).status_code == 200
    assert UserSession.objects.get().last_seen_at < timezone.now() - timedelta(minutes=24)
    alice_in.get("/sites/", headers=HTMX)
    assert UserSession.objects.get().last_seen_at > timezone.now() - timedelta(minutes=1)


def test_a_page_that_asks_by_itself_stays_and_says_that_the_session_has_ended(alice_in: Visitor) -> None:
    age(last_seen_at=timedelta(minutes=31))
    answer = alice_in.get("/sites/", headers={sessions.BACKGROUND: "1"})
    assert answer.status_code == 286, "the page asks no more"
    assert (answer["HX-Retarget"], "HX-Redirect" in answer.headers) == ("#notification", False)
    text = answer.content.decode()
    assert "Your session has ended" in text and "/sign-in/?next=%2Fsites%2F" in text
    assert alice_in.get("/sites/", headers=HTMX)["HX-Redirect"] == "/sign-in/?next=%2Fsites%2F"


def test_activity_is_noted_once_a_minute(alice_in: Visitor, django_assert_max_num_queries: Any) -> None:
    alice_in.get("/settings/")
    with django_assert_max_num_queries(20) as seen:
        alice_in.get("/settings/")
    assert not [query for query in seen if query["sql"].startswith(("UPDATE", "INSERT"))]


def test_a_person_sees_and_ends_sessions(domain: Domain) -> None:
    here, there, third = (Visitor(f"192.0.2.{number}", headers={"User-Agent": FIREFOX}) for number in range(3))
    for visitor in (here, there, third):
        visitor.sign_in()
    page = here.get(ACCOUNT).content.decode()
    assert page.count("Firefox on Linux") >= 3 and "192.0.2.1" in page and page.count("this browser") == 1
    numbers = re.findall(r'name="session" value="(\d+)"', page)
    assert len(numbers) == 2
    there_number = str(UserSession.objects.get(ip="192.0.2.1").pk)
    assert here.post(f"{ACCOUNT}sessions/end/", {"session": there_number})["Location"] == ACCOUNT
    assert (here.is_in, there.is_in, third.is_in) == (True, False, True)
    here.post(f"{ACCOUNT}sessions/end/")
    assert (here.is_in, third.is_in) == (True, False)
    assert Operation.objects.filter(outcome__startswith="All other sessions of 'alice' ended").exists()


def test_the_own_session_can_be_ended_as_well(alice_in: Visitor) -> None:
    number = UserSession.objects.get().pk
    assert alice_in.post(f"{ACCOUNT}sessions/end/", {"session": number})["Location"] == "/sign-in/"
    assert not alice_in.is_in


@pytest.mark.parametrize("number", ["bob", "0", "-1", "1e3", "9" * 30, "١", "1 OR 1=1"])
def test_no_session_of_somebody_else_is_ended(alice_in: Visitor, number: str) -> None:
    bob = Visitor()
    bob.sign_in("bob", "bob")
    asked = UserSession.objects.get(user__username="bob").pk if number == "bob" else number
    assert alice_in.post(f"{ACCOUNT}sessions/end/", {"session": asked}).status_code == 404
    assert bob.is_in and alice_in.is_in
    assert alice_in.get(f"{ACCOUNT}sessions/end/").status_code == 405


def test_a_person_has_a_bounded_number_of_sessions(domain: Domain) -> None:
    visitors = [Visitor() for _ in range(sessions.MAX_SESSIONS + 2)]
    for visitor in visitors:
        visitor.sign_in()
    assert UserSession.objects.count() == Session.objects.count() == sessions.MAX_SESSIONS
    assert not visitors[0].is_in and visitors[-1].is_in


def test_a_new_browser_is_told_to_the_others_and_the_first_one_is_not(alice_in: Visitor) -> None:
    assert "was not known" not in alice_in.get("/sites/").content.decode()
    Visitor("198.51.100.7", headers={"User-Agent": FIREFOX}).sign_in()
    bar = alice_in.get("/sites/").content.decode()
    assert "from a new browser: Firefox on Linux, 198.51.100.7" in bar
    record = Operation.objects.filter(kind="browser").first()
    assert (record.actor_name, record.target) == ("alice", "alice")


def test_a_known_browser_is_not_told_again(alice_in: Visitor) -> None:
    told = Operation.objects.filter(kind="browser").count()
    alice_in.post("/sign-out/")
    alice_in.sign_in()
    assert Operation.objects.filter(kind="browser").count() == told


def test_what_browsers_say_of_themselves_is_shown_harmlessly(alice_in: Visitor) -> None:
    Visitor(headers={"User-Agent": "<script>alert(1)</script>" + "x" * 5000}).sign_in()
    page = alice_in.get(ACCOUNT).content.decode()
    assert "<script>alert" not in page and "An unknown browser" in page


def test_an_account_with_the_longest_name_is_told_as_well(domain: Domain) -> None:
    domain.alice.username = "a" * 150
    domain.alice.save()
    record = notices.tell(domain.alice, "Something has changed.")
    named = {"target", "actor_name"}
    record.clean_fields(exclude={field.name for field in record._meta.fields} - named)


def test_sessions_that_have_ended_are_cleared_away(alice_in: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    tidy.run()
    assert not Session.objects.exists()


def test_what_is_done_afterwards_does_not_hide_the_warning(alice_in: Visitor, domain: Domain) -> None:
    Visitor("198.51.100.7").sign_in()
    domain.create("later")
    assert "Created web site" in alice_in.get("/sites/").content.decode()
    done = Operation.objects.filter(kind="create_site").first()
    alice_in.post(f"/operations/{done.public_id}/dismiss/")
    assert "from a new browser" in alice_in.get("/sites/").content.decode()


def test_the_page_costs_the_same_however_many_sessions_there_are(
    alice_in: Visitor, django_assert_num_queries: Any
) -> None:
    alice_in.get(ACCOUNT)
    with django_assert_num_queries(9) as seen:
        alice_in.get(ACCOUNT)
    count = len(seen)
    for number in range(5):
        Visitor(f"192.0.2.{number}").sign_in()
    Operation.objects.update(dismissed_at=timezone.now())
    with django_assert_num_queries(count):
        page = alice_in.get(ACCOUNT).content.decode()
    assert page.count('name="session"') == 5
