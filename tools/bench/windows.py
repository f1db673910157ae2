"""What happens to latency and throughput around a switch, against windows of the same run without one."""

import random
import statistics
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from tools.bench.open_loop import Sample

WINDOW_SECONDS = 1.0
TAIL = 0.99
RESAMPLES = 1000
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Window:
    """What was due in it and what was answered in it."""

    offered: int
    completed: int
    latencies: tuple[float, ...]
    """Of right answers to what was due in it, in seconds, rising."""


def cut(samples: Sequence[Sample], beginnings: Sequence[float], seconds: float = WINDOW_SECONDS) -> list[Window]:
    """The windows that begin at these moments. A wrong answer is offered and never completed."""
    by_due = sorted(samples, key=lambda sample: sample.due_at)
    dues = [sample.due_at for sample in by_due]
    dones = sorted(sample.done_at for sample in samples if sample.is_right)
    windows = []
    for begin in beginnings:
        due = by_due[bisect_left(dues, begin) : bisect_left(dues, begin + seconds)]
        completed = bisect_left(dones, begin + seconds) - bisect_left(dones, begin)
        windows.append(Window(len(due), completed, tuple(sorted(one.latency for one in due if one.is_right))))
    return windows


def control_beginnings(
    quiet: Sequence[tuple[float, float]], count: int, chance: random.Random, seconds: float = WINDOW_SECONDS
) -> list[float]:
    """Random moments at which a whole window fits into a quiet span; spans are chosen without putting back first."""
    fitting = [(begin, end) for begin, end in quiet if end - begin >= seconds]
    if not fitting:
        return []
    chosen = chance.sample(fitting, min(count, len(fitting)))
    chosen += chance.choices(fitting, k=count - len(chosen))
    return [chance.uniform(begin, end - seconds) for begin, end in chosen]


def throughput(windows: Sequence[Window]) -> float:
    """Completed ÷ offered."""
    return sum(window.completed for window in windows) / max(1, sum(window.offered for window in windows))


def tail(windows: Sequence[Window], share: float = TAIL) -> float:
    """The latency below which `share` of all pooled requests are, in seconds."""
    pooled = sorted(latency for window in windows for latency in window.latencies)
    return pooled[min(len(pooled) - 1, int(share * len(pooled)))]


def ratio(
    measured: Sequence[Window],
    control: Sequence[Window],
    chance: random.Random,
    *,
    resamples: int = RESAMPLES,
    share: float = TAIL,
) -> Estimate:
    """Tail latency of `measured` ÷ that of `control`; whole windows are drawn, as their requests belong together."""
    numerators = _resampled_tails(measured, chance, resamples, share)
    denominators = _resampled_tails(control, chance, resamples, share)
    ratios = sorted(one / other for one, other in zip(numerators, denominators, strict=True))
    rest = (1 - CONFIDENCE) / 2
    low, high = ratios[int(rest * resamples)], ratios[min(resamples - 1, int((1 - rest) * resamples))]
    return Estimate(statistics.median(ratios), low, high)


def _resampled_tails(windows: Sequence[Window], chance: random.Random, resamples: int, share: float) -> list[float]:
    """Only the slow part of each window is looked at; what is left out lies below every possible answer."""
    threshold = tail(windows, share - (1 - share) * 9)
    slow = [window.latencies[bisect_left(window.latencies, threshold) :] for window in windows]
    sizes = [len(window.latencies) for window in windows]
    found = []
    for _ in range(resamples):
        drawn = chance.choices(range(len(windows)), k=len(windows))
        size = sum(sizes[index] for index in drawn)
        above = sorted(latency for index in drawn for latency in slow[index])
        rank = size - int(share * size)
        found.append(above[max(0, len(above) - rank)] if above else threshold)
    return found
