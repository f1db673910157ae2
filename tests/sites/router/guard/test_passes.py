"""Passes are signed for one slot, host and time, and no application sees one."""

import time
from dataclasses import replace

import pytest

from sites.router.guard.passes import MAX_TRIED, Pass, cookies_of, read, signed, states_of
from sites.router.guard.rule import stamp_of

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


X, Y = (f"7.3.9.{stamp}.{'m' * 43}" for stamp in "xy")


@pytest.mark.parametrize(
    ("header", "passes", "rest"),
    [
        ("", [], ""),
        ("a=1; b=2", [], "a=1; b=2"),
        (f"greenroom_visitor={X}", [X], ""),
        (f"a=1;greenroom_visitor={X} ; b=2", [X], "a=1; b=2"),
        (f"greenroom_visitor={X}; greenroom_visitor={Y}; greenroom_visitor_state=z", [X, Y], ""),
        (f"greenroom_visitor={X}; __Host-greenroom_visitor={Y}; __Host-greenroom_visitor_state=z", [Y, X], ""),
        (f'greenroom_visitor ={X}; a="1;greenroom_visitor=y"', [X], 'a="1'),
        ("greenroom_visitors", [], ""),
        ("greenroom_visitor=junk; " * 30 + f"greenroom_visitor={X}", [X], ""),
        (f"greenroom_visitor={X}; " * 30 + f"__Host-greenroom_visitor={Y}", [Y, *[X] * (MAX_TRIED - 1)], ""),
    ],
)
def test_nothing_of_ours_is_left_for_the_application(header: str, passes: list[str], rest: str) -> None:
    assert cookies_of(header) == (passes, rest)


def test_a_pass_looks_like_one() -> None:
    text = signed(KEY, replace(ONE, stamp=stamp_of("hashed")))
    assert cookies_of(f"greenroom_visitor={signed(KEY, ONE)}; greenroom_visitor={text}")[0] == [signed(KEY, ONE), text]


def test_all_states_of_a_browser_are_read() -> None:
    header = (
        "greenroom_visitor_state=a; greenroom_visitor_state=b; __Host-greenroom_visitor_state=c; greenroom_visitor=d"
    )
    assert states_of(header, is_tls=False) == ["a", "b"]
    assert states_of(header, is_tls=True) == ["c"]
