"""When a switch was over, and whether both sides were seen at once."""

import pytest

from tools.bench.open_loop import Sample
from tools.bench.switches import Moment, first_new, last_old_ms, mixture
from tools.prober.records import Record

PRODUCTION, STAGING = "shop.localhost", "shop-staging.localhost"
FIRST = Moment(10.0, 10.5, {PRODUCTION: "2", STAGING: "1"})
SECOND = Moment(20.0, 20.5, {PRODUCTION: "1", STAGING: "2"})


def record(host: str, sent_at: float, version: str, took: float = 0.001) -> Record:
    return Record("one", "fixed rate", "one/1", host, sent_at, sent_at + took, version)


def test_the_switch_lasts_until_the_last_request_of_the_old_side() -> None:
    records = [record(PRODUCTION, 10.4, "1"), record(STAGING, 10.507, "2"), record(PRODUCTION, 10.52, "2")]
    assert last_old_ms([FIRST], records) == pytest.approx([7.0])


def test_a_switch_after_which_nothing_went_to_the_old_side_took_no_time() -> None:
    assert last_old_ms([FIRST], [record(PRODUCTION, 10.4, "1"), record(PRODUCTION, 10.6, "2")]) == [0.0]


def test_each_switch_is_judged_until_the_next_is_asked_for() -> None:
    records = [
        record(PRODUCTION, 10.501, "1"),
        record(PRODUCTION, 10.6, "2"),
        record(PRODUCTION, 20.503, "2"),
        record(PRODUCTION, 20.7, "1"),
    ]
    assert last_old_ms([FIRST, SECOND], records) == pytest.approx([1.0, 3.0])


def test_the_first_request_is_the_first_that_the_new_side_was_given() -> None:
    samples = [
        Sample(10.49, 10.49 + 0.002, PRODUCTION, "1", True),
        Sample(10.50, 10.50 + 0.009, STAGING, "1", True),
        Sample(10.51, 10.51 + 0.004, PRODUCTION, "2", True),
        Sample(10.53, 10.53 + 0.002, PRODUCTION, "2", True),
        Sample(20.60, 20.60 + 0.003, PRODUCTION, "1", True),
    ]
    assert first_new([FIRST, SECOND], samples, PRODUCTION) == pytest.approx([0.004, 0.003])


def test_a_clean_switch_mixes_nothing() -> None:
    records = [record(PRODUCTION, 10.4, "1"), record(STAGING, 10.5, "2"), record(PRODUCTION, 10.51, "2")]
    assert mixture([FIRST], records).inversions == 0


def test_an_old_answer_under_way_while_the_new_side_answers_is_no_mixture() -> None:
    records = [record(STAGING, 10.5, "2", took=1.0), record(PRODUCTION, 10.51, "2")]
    assert mixture([FIRST], records).inversions == 0


def test_one_host_name_new_and_then_the_other_old_is_a_mixture() -> None:
    records = [record(PRODUCTION, 10.5, "2"), record(STAGING, 10.511, "2")]
    found = mixture([FIRST], records)
    assert (found.requests, found.inversions) == (1, 1)
    assert found.largest_inversion_ms == pytest.approx(10.0)


def test_the_same_host_name_going_back_is_an_inversion_only() -> None:
    found = mixture([FIRST], [record(PRODUCTION, 10.5, "2"), record(PRODUCTION, 10.511, "1")])
    assert (found.requests, found.inversions) == (0, 1)


def test_what_the_next_switch_brings_is_not_held_against_this_one() -> None:
    records = [record(PRODUCTION, 10.6, "2"), record(PRODUCTION, 20.6, "1"), record(STAGING, 20.6, "2")]
    assert mixture([FIRST, SECOND], records).inversions == 0
