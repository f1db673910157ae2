"""Alert rules as they are written."""

import re
from pathlib import Path

import pytest

from sites.monitoring.alert_rules import MEASURES, fault_of, parse


@pytest.mark.parametrize(
    ("text", "met", "not_met"),
    [
        (
            "5xx above 20 for 5 min",
            "Http server errors stayed above 20 a minute for 5 min",
            "Http server errors did not rise above 20 a minute for 5 min",
        ),
        ("p95  above 2.5 s for 1min", "Response time, 95 % stayed above 2.5 s for 1 min", "not rise above 2.5 s"),
        ("requests below 1 for 60 min", "Requests stayed below 1 a minute for 60 min", "did not fall below 1 a minute"),
        ("crash_loop for 3 min", "it was in a crash loop for 3 min", "it was in no crash loop for 3 min"),
        ("disk above 90% for 1 min", "take stayed above 90% for 1 min", "did not rise above 90% for 1 min"),
    ],
)
def test_a_rule_says_what_it_means(text: str, met: str, not_met: str) -> None:
    rule = parse("name", text)
    assert met in rule.met and not_met in rule.not_met


def test_a_number_counts_in_the_unit_behind_it() -> None:
    rule = parse("Memory", "memory above 400 MB for 5 min")
    assert not rule.is_met(400 * 1024**2)
    assert rule.is_met(400 * 1024**2 + 1)
    assert rule.in_words(419_430_400) == "400 MB"
    assert not rule.is_met(None)
    assert parse("Ends", "certificate below 14 days for 1 min").is_met(13.9)


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("Errors", "", "a rule is written as '5xx above 20 for 5 min'"),
        ("Errors", "5xx over 20 for 5 min", "a rule is written as"),
        ("Errors", "errors above 20 for 5 min", "'errors' is not measured; use one of requests, cpu_ms,"),
        ("Errors", "5xx for 5 min", "a rule about 5xx is written as '5xx above 20 for 5 min'"),
        ("Loop", "crash_loop above 1 for 5 min", "a rule about crash_loop is written as 'crash_loop for 5 min'"),
        ("Slow", "p95 above 2 MB for 5 min", "'MB' cannot stand behind a number of p95; use ms, s, min"),
        ("Errors", "5xx above 20 MB for 5 min", "use no unit"),
        ("Errors", "5xx above 20 for 0 min", "a rule looks at 1 to 60 minutes"),
        ("Errors", "5xx above 20 for 61 min", "a rule looks at 1 to 60 minutes"),
        ("Errors", "5xx above 20 for 100 min", "a rule looks at 1 to 60 minutes, all of them whole, and not at 100"),
        ("Errors", "5xx above 20 for 2.5 min", "and not at 2.5"),
        (
            "Errors",
            "5xx above 9999999999 for 5 min",
            "the threshold '9999999999' cannot be read; write a number from 0",
        ),
        ("Errors", "5xx above many for 5 min", "the threshold 'many' cannot be read"),
        ("Errors", "5xx above -5 for 5 min", "the threshold '-5' cannot be read"),
        ("Slow", "p95 above 1,5 s for 5 min", "the threshold '1,5 s' cannot be read"),
        ("Slow", "p95 below 1.2345 s for 5 min", "at most 3 digits after it"),
        ("Errors", "5xx above for 5 min", "the threshold is missing: write a number behind 'above'"),
        ("Errors", "5xx above  for 5 min", "the threshold is missing"),
        ("", "5xx above 20 for 5 min", "neither colon nor slash"),
        (" Errors", "5xx above 20 for 5 min", "neither colon nor slash"),
        ("a:b", "5xx above 20 for 5 min", "neither colon nor slash"),
        ("n" * 65, "5xx above 20 for 5 min", "1 to 64 characters"),
        ("a\x07b", "5xx above 20 for 5 min", "it contains"),
    ],
)
def test_what_cannot_be_a_rule_says_why(name: str, text: str, reason: str) -> None:
    assert reason in str(fault_of(f"alert:{name}", text))


def test_every_measure_can_be_asked_for() -> None:
    for measure in MEASURES.values():
        bound = "" if measure.so else " above 1"
        assert fault_of("alert:one", f"{measure.name}{bound} for 1 min") is None


def test_the_documentation_has_every_measure() -> None:
    text = (Path(__file__).parents[3] / "docs/monitoring.md").read_text()
    table = text.partition("<!-- measures -->")[2].partition("<!-- /measures -->")[0]
    names = [name for line in table.splitlines() for name in re.findall(r"`(\w+)`", line.split("|")[1] if line else "")]
    assert sorted(names) == sorted(MEASURES)


@pytest.mark.parametrize("name", [".", ".."])
def test_a_name_that_no_address_can_hold_is_not_taken(name: str) -> None:
    assert "cannot be the name of an alert rule" in str(fault_of(f"alert:{name}", "5xx above 20 for 5 min"))
    assert parse(name, "5xx above 20 for 5 min").name == name, "a rule that an older version took is still read"
