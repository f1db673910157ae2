"""What the report is held to, and the intervals of its ratios."""

import random

from tools.bench.tls.interval import estimate, ratio_of_medians
from tools.bench.tls.story import KEYS, TARGETS


def test_every_target_is_a_key_of_the_report() -> None:
    assert set(TARGETS) <= set(KEYS)


def test_rounds_that_agree_have_a_narrow_interval_and_others_a_wide_one() -> None:
    chance = random.Random(1)  # noqa: S311  draws, not secrets
    near = estimate(lambda rounds: sum(rounds) / len(rounds), [0.99, 1.0, 1.01] * 10, chance)
    far = estimate(lambda rounds: sum(rounds) / len(rounds), [0.5, 1.0, 1.5] * 10, chance)
    assert abs(near.value - 1.0) < 1e-9 and abs(far.value - 1.0) < 1e-9
    assert 0.99 < near.low <= 1.0 <= near.high < 1.01
    assert far.high - far.low > 10 * (near.high - near.low)


def test_a_ratio_of_medians_is_drawn_on_both_sides() -> None:
    found = ratio_of_medians([2.0, 2.0, 2.2], [1.0, 1.0, 1.0], random.Random(1))  # noqa: S311
    assert (found.value, found.low, found.high) == (2.0, 2.0, 2.2)
