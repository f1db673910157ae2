"""The median of some rounds, with its interval."""

import random
import statistics
from collections.abc import Callable, Sequence

from tools.bench.windows import CONFIDENCE, RESAMPLES, Estimate

Rounds = Sequence[float]


def estimate(found: Callable[[Rounds], float], rounds: Rounds, chance: random.Random) -> Estimate:
    """What `found` says of all rounds, and its 95 % interval over rounds that are drawn again."""
    return _between(found(rounds), [found(chance.choices(rounds, k=len(rounds))) for _ in range(RESAMPLES)])


def ratio_of_medians(measured: Rounds, control: Rounds, chance: random.Random) -> Estimate:
    """The median of `measured` ÷ that of `control`; each side is drawn again on its own."""

    def drawn(rounds: Rounds) -> float:
        return statistics.median(chance.choices(rounds, k=len(rounds)))

    value = statistics.median(measured) / statistics.median(control)
    return _between(value, [drawn(measured) / drawn(control) for _ in range(RESAMPLES)])


def _between(value: float, drawn: Sequence[float]) -> Estimate:
    rising = sorted(drawn)
    rest = int((1 - CONFIDENCE) / 2 * len(rising))
    return Estimate(value, rising[rest], rising[-1 - rest])
