"""Crashed instances come back at once, then later and later."""

from sites.runtime.agent.backoff import Backoff


def test_waits_grow_up_to_half_a_minute() -> None:
    backoff = Backoff()
    assert [backoff.next_delay(0) for _ in range(9)] == [0, 0.5, 1, 2, 4, 8, 16, 30, 30]


def test_a_minute_of_running_forgives() -> None:
    backoff = Backoff(crashes=8)
    assert backoff.next_delay(59) == 30
    assert backoff.next_delay(60) == 0
    assert backoff.next_delay(1) == 0.5


def test_very_many_crashes_do_no_harm() -> None:
    assert Backoff(crashes=100_000).next_delay(0) == 30
