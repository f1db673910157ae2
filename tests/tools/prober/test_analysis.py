"""Planted faults must be found, and honest swaps must not be blamed."""

from dataclasses import replace

from tools.prober.analysis import Expectation, Findings, Switch, analyse, combine
from tools.prober.records import Record, Trouble

SITE = "shop.localhost"
STAGING = "shop-staging.localhost"
BEFORE = {SITE: "1", STAGING: "2"}
AFTER = {SITE: "2", STAGING: "1"}
MARKS = {SITE: "production", STAGING: "staging"}
THERE = Switch(requested_at=10.0, acknowledged_at=11.8, succeeded_at=12.0, versions=AFTER)
BACK = Switch(requested_at=20.0, acknowledged_at=21.8, succeeded_at=22.0, versions=BEFORE)
EXPECTED = Expectation(before=BEFORE, switches=[THERE, BACK], marks=MARKS)


def record(sent_at: float, version: str, *, host: str = SITE, lasts: float = 0.01, **changes: object) -> Record:
    one = Record(
        client="keep-alive 1",
        kind="keep-alive",
        connection="keep-alive 1/1",
        host=host,
        sent_at=sent_at,
        done_at=sent_at + lasts,
        version=version,
        mark=MARKS[host],
    )
    return replace(one, **changes)


def found(*records: Record, expected: Expectation = EXPECTED) -> Findings:
    return analyse(records, expected)


HONEST = [
    record(1.0, "1"),
    record(2.0, "2", host=STAGING),
    record(10.5, "1"),
    record(11.0, "2"),
    record(11.2, "1", host=STAGING),
    record(15.0, "2"),
    record(21.0, "2"),
    record(21.5, "1"),
    record(30.0, "1"),
]


def test_honest_swaps_there_and_back_are_clean():
    findings = found(*HONEST)
    assert findings.is_clean
    assert findings.requests == len(HONEST)
    assert findings.stale_after_ack == 0
    assert findings.by_kind == {"keep-alive": len(HONEST)}


def test_a_truncated_body_is_a_failure():
    findings = found(*HONEST, record(16.0, "", trouble=Trouble.BROKEN, detail="EOF"))
    assert findings.failed == 1
    assert not findings.is_clean
    assert list(findings.failures) == ["keep-alive: connection ended before the answer was complete (EOF)"]


def test_the_old_version_after_the_swap_is_stale():
    findings = found(record(12.1, "1"))
    assert (findings.stale_after_swap, findings.stale_after_ack, findings.failed) == (1, 1, 0)


def test_the_old_version_between_acknowledgement_and_end_is_counted_apart():
    findings = found(record(11.9, "1"))
    assert (findings.stale_after_swap, findings.stale_after_ack) == (0, 1)
    assert findings.is_clean


def test_a_request_under_way_during_the_switch_may_be_answered_by_either_side():
    assert found(record(9.0, "1", lasts=4.0)).is_clean
    assert found(record(9.0, "2", lasts=4.0)).is_clean


def test_the_new_version_before_it_was_asked_for_is_a_failure():
    assert found(record(5.0, "2")).failed == 1


def test_an_answer_without_a_version_is_a_failure():
    assert found(record(5.0, "")).failed == 1


def test_the_version_before_last_is_no_excuse_for_the_version_of_now():
    findings = found(record(15.0, "1"))
    assert findings.stale_after_swap == 1


def test_a_reversal_on_one_connection_is_found():
    findings = found(record(10.5, "1"), record(11.0, "2"), record(11.5, "1"))
    assert (findings.went_back, findings.went_back_on_connection) == (1, 1)
    assert findings.largest_inversion_ms == 490.0


def test_a_reversal_between_the_two_host_names_is_found():
    """One version of the routes moves both names, so the other name's old answer is a step back."""
    findings = found(record(11.0, "2"), record(11.5, "2", host=STAGING))
    assert findings.went_back == 1


def test_a_reversal_across_connections_of_a_client_is_told_apart():
    findings = found(record(11.0, "2", connection="a/1"), record(11.5, "1", connection="a/2"))
    assert (findings.went_back, findings.went_back_on_connection) == (1, 0)


def test_different_clients_are_not_compared():
    findings = found(record(11.0, "2", client="a", connection="a/1"), record(11.5, "1", client="b", connection="b/1"))
    assert findings.went_back == 0


def test_the_swap_back_is_no_reversal():
    assert found(record(15.0, "2"), record(21.0, "1"), record(25.0, "1")).went_back == 0


def test_a_stale_answer_after_the_new_version_is_also_a_reversal():
    assert found(record(13.0, "2"), record(14.0, "1")).went_back == 1


def test_a_cut_web_socket_is_a_failure():
    cut = record(11.0, "1", kind="WebSocket", trouble=Trouble.CUT, detail="1006")
    assert found(cut).failed == 1


def test_a_web_socket_belongs_to_the_moment_of_its_handshake():
    assert found(record(9.0, "1", kind="WebSocket")).is_clean


def test_another_slots_settings_are_a_mixup():
    findings = found(record(1.0, "1", mark="staging"))
    assert findings.mixups == 1
    assert not findings.is_clean


def test_a_host_without_an_expected_mark_is_not_held_to_one():
    assert found(record(1.0, "1", mark="x"), expected=replace(EXPECTED, marks={})).mixups == 0


def test_lost_sessions_are_counted_by_client():
    lost = [record(13.0 + n, "2", client="session 1", trouble=Trouble.SIGNED_OUT) for n in range(3)]
    findings = found(*lost)
    assert (findings.sessions_lost, findings.failed) == (1, 3)


def test_reopened_connections_are_reported_and_are_no_failure():
    findings = found(record(1.0, "1", is_reopened=True))
    assert findings.reopened == 1
    assert findings.is_clean


def test_other_sites_are_left_out():
    assert found(replace(record(1.0, "1"), host="other.localhost")).requests == 0


def test_sites_are_added_up():
    bad = found(record(12.1, "1"), record(16.0, "", trouble=Trouble.REFUSED))
    both = combine([found(*HONEST), bad])
    assert both.requests == len(HONEST) + 2
    assert (both.failed, both.stale_after_swap) == (1, 1)
    assert both.by_kind == {"keep-alive": len(HONEST) + 2}
