"""Which connections are cut."""

import random

from sites.runtime.agent.cut import chosen

LISTING = """\
0      0      10.213.0.1:34340 10.213.0.2:8080
0      0      10.213.0.1:34341 10.213.0.2:8080
0      0      10.213.0.1:34342 10.213.0.2:8080
0      0          [fd00::1]:34343    [fd00::2]:8080
"""


def test_each_is_chosen_with_that_probability() -> None:
    assert sorted(chosen(LISTING, 1.0)) == [("10.213.0.1", 34340 + n) for n in range(3)] + [("fd00::1", 34343)]
    assert chosen(LISTING, 0) == chosen("", 1.0) == []
    dice = random.Random(1)  # noqa: S311 - a test's dice
    number = sum(len(chosen(LISTING, 0.25, dice)) for _ in range(1000))
    assert 900 < number < 1100


def test_one_that_is_alone_is_cut_at_any_moment_of_the_limit() -> None:
    alone = LISTING.splitlines()[0]
    dice = random.Random(1)  # noqa: S311 - a test's dice

    def cut_in_second() -> int:
        return next(second for second in range(30) if chosen(alone, 1 / (30 - second), dice))

    seconds = [cut_in_second() for _ in range(600)]
    assert all(120 < sum(begin <= second < begin + 10 for second in seconds) < 280 for begin in (0, 10, 20))
