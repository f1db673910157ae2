"""Passes are signed for one slot, host and time, and no application sees one."""

import time
from dataclasses import replace

import pytest

from sites.router.guard.passes import Pass, cookies_of, read, signed, state_of

KEY, OLDER = b"k" * 32, b"o" * 32
ONE = Pass(7, "a.example", 3, "", int(time.time()) + 86_400)  # the tests before may take long


def test_a_pass_says_what_was_signed() -> None:
    assert read([KEY], signed(KEY, ONE), "a.example") == ONE
    assert read([KEY, OLDER], signed(OLDER, ONE), "a.example") == ONE


def test_it_is_good_for_its_host_its_key_and_its_time_only() -> None:
    text = signed(KEY, ONE)
    assert read([KEY], text, "b.example") is None
    assert read([OLDER], text, "a.example") is None
    assert read([KEY], signed(KEY, replace(ONE, expires_at=int(time.time()) - 1)), "a.example") is None


@pytest.mark.parametrize("text", ["", ".", "....", "7.3.99999999999..", "é", "a" * 300, "7.3.99999999999.x.é"])
def test_what_was_not_signed_is_none(text: str) -> None:
    assert read([KEY], text, "a.example") is None


def test_no_part_of_a_pass_can_be_changed() -> None:
    text = signed(KEY, ONE)
    slot, person, expires, stamp, mac = text.split(".")
    for changed in (
        ("8", person, expires, stamp, mac),
        (slot, "4", expires, stamp, mac),
        (slot, person, "9" * 11, stamp, mac),
    ):
        assert read([KEY], ".".join(changed), "a.example") is None


@pytest.mark.parametrize(
    ("header", "passes", "rest"),
    [
        ("", [], ""),
        ("a=1; b=2", [], "a=1; b=2"),
        ("greenroom_visitor=x", ["x"], ""),
        ("a=1;greenroom_visitor=x ; b=2", ["x"], "a=1; b=2"),
        ("greenroom_visitor=x; greenroom_visitor=y; greenroom_visitor_state=z", ["x", "y"], ""),
        ('greenroom_visitor =x; a="1;greenroom_visitor=y"', ["x", 'y"'], 'a="1'),
        ("greenroom_visitors", [], ""),
    ],
)
def test_nothing_of_ours_is_left_for_the_application(header: str, passes: list[str], rest: str) -> None:
    assert cookies_of(header) == (passes, rest)


def test_the_state_of_a_browser_is_read() -> None:
    assert state_of("a=1; greenroom_visitor_state=abc") == "abc"
    assert state_of("greenroom_visitor=abc") == ""
