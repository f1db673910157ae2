"""Nobody has more than a share of the threads that ask name servers."""

import threading
from collections.abc import Callable, Iterator

import pytest

from sites.outgoing.look_ups import SHARE, Answers, LookUps


@pytest.fixture
def silent() -> Iterator[Callable[[], Answers]]:
    """A question that is answered when the test is over."""
    is_over = threading.Event()

    def question() -> Answers:
        is_over.wait(60)
        return []

    yield question
    is_over.set()


def test_whoever_asks_silent_name_servers_keeps_only_his_own_share_busy(silent: Callable[[], Answers]) -> None:
    look_ups = LookUps(threads=SHARE + 1)
    kept = [look_ups.begin("first", silent) for _ in range(20)]
    for number in range(5):
        assert look_ups.begin("second", lambda number=number: [(number,)]).result(60) == [(number,)]
    assert all(one.cancel() for one in kept[SHARE:]), "they wait for the owner's own"


def test_what_waits_is_asked_when_one_of_the_share_is_free_and_what_was_given_up_is_not() -> None:
    look_ups, is_free, asked = LookUps(), threading.Event(), []

    def ask(number: int) -> Answers:
        is_free.wait(60)
        asked.append(number)
        if number == 0:
            raise OSError("no such name")
        return [(number,)]

    found = [look_ups.begin("first", lambda number=number: ask(number)) for number in range(5)]
    assert found[2].cancel()
    is_free.set()
    assert [one.result(60) for one in (found[1], found[3], found[4])] == [[(1,)], [(3,)], [(4,)]]
    with pytest.raises(OSError, match="no such name"):
        found[0].result(60)
    assert sorted(asked) == [0, 1, 3, 4]
