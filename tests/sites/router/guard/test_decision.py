"""Whom the guard lets in."""

import time
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from sites.router.guard.decision import Answer, Asked, LetIn, NotLetIn, Verdict, decide
from sites.router.guard.passes import NOBODY, Pass, signed
from sites.router.guard.rule import Rule, Way, networks

KEY = b"k" * 32
HTML = {"accept": "text/html,*/*"}
ASKED = Asked("192.0.2.7", "GET", "http", "a.example:8080", "/x?y=1", HTML)
LATER = int(time.time()) + 86_400  # the tests before may take long


def verdict(rule: Rule, asked: Asked = ASKED) -> Verdict:
    return decide(rule, asked, keys=[KEY], portal="http://portal.example")


def with_pass(one: Pass, more: str = "b=2") -> Asked:
    return replace(ASKED, headers={**HTML, "cookie": f"greenroom_visitor={signed(KEY, one)}; {more}"})


def test_addresses_are_let_in_and_others_are_not() -> None:
    rule = Rule(7, 1, Way.REFUSED, networks(["192.0.2.0/24"]))
    assert verdict(rule) == LetIn("")
    refused = verdict(rule, replace(ASKED, address="198.51.100.1"))
    assert isinstance(refused, Answer) and refused.status == 403
    assert isinstance(verdict(replace(rule, networks=networks(["::/0"]))), Answer)


def test_a_pass_for_the_present_password_lets_in_and_is_kept_from_the_application() -> None:
    rule = Rule(7, 1, Way.PASSWORD, stamp="present")
    asked = verdict(rule, replace(ASKED, path='/"><script>'))
    assert isinstance(asked, Answer) and asked.status == 401
    assert 'action="/.greenroom/visitors/password"' in asked.body and "<script>" not in asked.body
    assert verdict(rule, with_pass(Pass(7, "a.example", NOBODY, "present", LATER))) == LetIn("b=2")
    for wrong in (
        Pass(7, "a.example", NOBODY, "former", LATER),
        Pass(8, "a.example", NOBODY, "present", LATER),
        Pass(7, "b.example", NOBODY, "present", LATER),
        Pass(7, "a.example", 3, "present", LATER),
        Pass(7, "a.example", NOBODY, "present", 1),
    ):
        assert isinstance(verdict(rule, with_pass(wrong)), Answer)
    without = replace(rule, stamp="")
    assert isinstance(verdict(without, with_pass(Pass(7, "a.example", NOBODY, "", LATER))), Answer)


def test_a_person_comes_in_as_long_as_the_role_lasts() -> None:
    rule = Rule(7, 1, Way.SIGN_IN, people=frozenset({3}))
    asked = with_pass(Pass(7, "a.example", 3, "", LATER))
    assert verdict(rule, asked) == LetIn("b=2")
    assert isinstance(verdict(replace(rule, people=frozenset({4})), asked), Answer)
    assert isinstance(verdict(rule, with_pass(Pass(7, "a.example", NOBODY, "", LATER))), Answer)


def test_who_has_not_signed_in_is_led_to_the_portal_and_knows_the_way_back() -> None:
    rule = Rule(7, 1, Way.SIGN_IN)
    led = verdict(rule)
    assert isinstance(led, Answer) and led.status == 302
    location = urlsplit(led.headers["location"])
    query = parse_qs(location.query)
    assert (location.netloc, location.path) == ("portal.example", "/visit/")
    assert query["to"] == ["http://a.example:8080/x?y=1"]
    cookie = led.headers["set-cookie"]
    assert f"={query['state'][0]};" in cookie and "HttpOnly" in cookie and "Secure" not in cookie
    tls = verdict(rule, replace(ASKED, scheme="https"))
    assert isinstance(tls, Answer) and tls.headers["set-cookie"].endswith("; Secure")


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "POST"},
        {"headers": {"accept": "application/json"}},
        {"headers": {**HTML, "sec-fetch-mode": "cors"}},
        {"headers": {**HTML, "upgrade": "websocket"}},
    ],
)
def test_what_is_no_page_is_not_led_elsewhere(changes: dict[str, object]) -> None:
    answer = verdict(Rule(7, 1, Way.SIGN_IN), replace(ASKED, **changes))  # type: ignore[arg-type]
    assert isinstance(answer, Answer) and answer.status == 401 and "location" not in answer.headers


def test_maintenance_comes_first_and_its_addresses_meet_the_rule() -> None:
    rule = Rule(7, 1, Way.REFUSED, networks(["192.0.2.0/24"]), maintenance=networks(["198.51.100.1/32"]))
    assert verdict(rule) == NotLetIn()
    assert isinstance(verdict(rule, replace(ASKED, address="198.51.100.1")), Answer)
    assert verdict(replace(rule, maintenance=networks(["192.0.2.7/32"]))) == LetIn("")
    assert verdict(replace(rule, way=Way.OPEN, maintenance=())) == NotLetIn()
