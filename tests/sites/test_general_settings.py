"""Warm-up rules and general settings take what they should and say why they refuse the rest."""

import pytest

from sites.general_settings import fault_of_general, warmup_rules


def test_without_rules_the_root_is_asked_and_any_status_below_500_will_do() -> None:
    rules = warmup_rules({})
    assert (rules.paths, rules.seconds, rules.tries, rules.accepted) == (("/",), 90.0, 5, "200–499")


@pytest.mark.parametrize(
    ("answer", "is_accepted"), [("200", True), ("401", True), ("500", False), ("503", False), ("no answer", False)]
)
def test_the_default_tells_an_application_from_a_broken_one(answer: str, is_accepted: bool) -> None:
    assert warmup_rules({}).accepts(answer) is is_accepted


def test_statuses_are_single_ones_and_ranges() -> None:
    rules = warmup_rules({"statuses": "200, 204,301-308"})
    assert [rules.accepts(status) for status in ("200", "201", "204", "302", "400")] == [True, False, True, True, False]
    assert rules.accepted == "200, 204, 301–308"
    assert warmup_rules({"statuses": rules.accepted}) == rules, "what a refusal says can be typed"


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ({"paths": "health"}, "does not begin with a slash"),
        ({"statuses": "2xx"}, "neither a status nor a range"),
        ({"statuses": "400-200"}, "neither a status nor a range"),
        ({"seconds": "91"}, "from 1 to 90"),
        ({"tries": "0"}, "from 1 to 20"),
        ({"paths": " ".join(f"/{number}" for number in range(11))}, "10 are possible"),
    ],
)
def test_rules_that_make_no_sense_are_refused_with_the_reason(entries: dict[str, str], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        warmup_rules(entries)


def test_general_settings_are_known_by_name_and_switches_are_on_or_off() -> None:
    assert fault_of_general("web_sockets", "off") is None
    assert fault_of_general("web_sockets", "yes") == "it is on or off"
    assert "the general settings are" in fault_of_general("colour", "blue")
    assert fault_of_general("start_command", "python app.py") is None
    assert fault_of_general("start_command", "a\nb") == "it contains a line break"


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("start_seconds", "300", None),
        ("start_seconds", "1801", "not a whole number from 1 to 1800"),
        ("start_seconds", "soon", "not a whole number from 1 to 1800"),
        ("fallback_page", "", None),
        ("fallback_page", "none", None),
        ("fallback_page", "app/index.html", None),
        ("fallback_page", "/index.html", "it is the path of a page such as index.html"),
        ("fallback_page", "../secret.html", "it is the path of a page such as index.html"),
    ],
)
def test_time_to_start_and_fallback_page_have_bounds(name: str, value: str, reason: str | None) -> None:
    fault = fault_of_general(name, value)
    assert (reason in fault) if reason and fault else fault == reason


def test_paths_of_the_content_are_asked_unless_a_rule_names_others() -> None:
    assert warmup_rules({}, ("/ready",)).paths == ("/ready",)
    assert warmup_rules({"paths": "/health"}, ("/ready",)).paths == ("/health",)
