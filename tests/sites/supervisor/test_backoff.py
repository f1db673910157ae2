"""Waits between the starts of a process that dies."""

from sites.supervisor.backoff import Backoff


def test_waits_double_up_to_the_longest() -> None:
    backoff = Backoff(first_seconds=1, longest_seconds=5)
    assert [backoff.after(0) for _ in range(5)] == [1, 2, 4, 5, 5]


def test_after_a_run_that_lasted_nothing_is_waited_for_and_the_waits_begin_anew() -> None:
    backoff = Backoff(first_seconds=1, longest_seconds=5, steady_seconds=30)
    assert [backoff.after(ran) for ran in (0, 29, 30, 0, 0)] == [1, 2, 0, 1, 2]
