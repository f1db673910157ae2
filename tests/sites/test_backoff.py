"""A process that dies is started again at once, then later and later."""

from sites.backoff import Backoff
from sites.runtime.agent.history import History
from sites.runtime.spec import EndReason


def test_the_first_wait_is_none_and_the_others_double_up_to_the_longest() -> None:
    backoff = Backoff(first_seconds=1, longest_seconds=5, steady_seconds=30)
    assert [backoff.after(0) for _ in range(6)] == [0, 1, 2, 4, 5, 5]


def test_after_a_run_that_lasted_the_waits_begin_anew() -> None:
    backoff = Backoff(first_seconds=1, longest_seconds=5, steady_seconds=30)
    assert [backoff.after(ran) for ran in (0, 0, 29, 30, 0, 0)] == [0, 1, 2, 0, 1, 2]


def test_very_many_ends_do_no_harm() -> None:
    assert Backoff(first_seconds=0.5, longest_seconds=30, steady_seconds=60, ends=100_000).after(0) == 30


def test_waits_of_an_instance_grow_up_to_half_a_minute_and_a_minute_of_running_forgives() -> None:
    history = History()
    waits = [history.add(1, EndReason.NONE, ran_seconds=0) for _ in range(9)]
    assert waits == [0, 0.5, 1, 2, 4, 8, 16, 30, 30]
    assert [history.add(1, EndReason.NONE, ran) for ran in (59, 60, 1)] == [30, 0, 0.5]
    assert (history.restarts, history.crashes) == (12, 2)
