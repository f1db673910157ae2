"""Which connections are cut."""

import random

from sites.runtime.agent.cut import chosen

LISTING = """\
0      0      10.213.0.1:34340 10.213.0.2:8080
0      0      10.213.0.1:34341 10.213.0.2:8080
0      0      10.213.0.1:34342 10.213.0.2:8080
0      0          [fd00::1]:34343    [fd00::2]:8080
"""


def test_a_part_is_chosen_at_random() -> None:
    assert len(chosen(LISTING, 0.5)) == 2
    assert sorted(chosen(LISTING, 1.0)) == [("10.213.0.1", 34340 + n) for n in range(3)] + [("fd00::1", 34343)]
    draws = {tuple(chosen(LISTING, 0.25, random.Random(seed))) for seed in range(20)}  # noqa: S311 - a test's dice
    assert len(draws) == 4


def test_at_least_one_is_cut_so_that_an_end_comes() -> None:
    assert len(chosen(LISTING, 0.01)) == 1
    assert chosen(LISTING, 0) == []
    assert chosen("", 1.0) == []
