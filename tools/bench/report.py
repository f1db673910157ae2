"""The figures of a measurement, what they should be, and both in words."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure should be at most, or at least."""

    bound: float
    is_minimum: bool = False

    def is_met(self, value: float) -> bool:
        """Whether the figure is what it should be."""
        return value >= self.bound if self.is_minimum else value <= self.bound

    def __str__(self) -> str:
        return f"{'at least' if self.is_minimum else 'at most'} {self.bound:g}"


KEYS = (
    "swaps",
    "requests",
    "failed",
    "mixups",
    "went_back",
    "swap_seconds_p50",
    "switch_ms_p50",
    "throughput_ratio",
    "p99_ratio",
    "first_request_ratio",
    "cost_ratio_10000",
    "envoy_mb_10000",
    "nginx_failed",
    "nginx_mixups",
)
TARGETS = {
    "failed": Target(0),
    "mixups": Target(0),
    "went_back": Target(0),
    "swap_seconds_p50": Target(1.0),
    "switch_ms_p50": Target(20.0),
    "throughput_ratio": Target(0.95, is_minimum=True),
    "p99_ratio": Target(1.2),
    "first_request_ratio": Target(2.0),
    "cost_ratio_10000": Target(1.5),
    "envoy_mb_10000": Target(200.0),
}


@dataclass(frozen=True, slots=True)
class Report:
    """`figures` has every key of `keys`; what else was measured stands beside them."""

    figures: dict[str, object]
    keys: Sequence[str] = KEYS
    targets: Mapping[str, Target] = field(default_factory=lambda: TARGETS)

    @property
    def missed(self) -> list[str]:
        """Keys of the figures that were measured and are not what they should be."""
        return [key for key, target in self.targets.items() if not all(map(target.is_met, self._values(key)))]

    def _values(self, key: str) -> list[float]:
        """A figure and the ends of its interval: a figure whose interval reaches beyond its target is not shown."""
        value: Any = self._figure(key)
        interval: Any = self.figures.get(f"{key}_interval")
        return [] if value is None else [float(one) for one in (value, *(interval or ()))]

    def _figure(self, key: str) -> Any:
        """A figure; `key.name` is one of several figures below a key."""
        outer, _, inner = key.partition(".")
        found: Any = self.figures.get(outer)
        return found.get(inner) if inner and isinstance(found, Mapping) else found

    def write(self, path: Path) -> None:
        """As JSON."""
        path.write_text(json.dumps(self.figures, indent=2) + "\n")

    def sentences(self) -> list[str]:
        """A line per key, and a verdict."""
        width = max(map(len, self.keys))
        lines = []
        for key in self.keys:
            value = self._figure(key)
            shown = "not measured" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:.3g}"
            target = self.targets.get(key)
            judged = "" if target is None else f"  ({target}{'' if key not in self.missed else ': missed'})"
            lines.append(f"{key:<{width}}  {shown:>12}{judged}")
        if self.missed:
            return [*lines, f"Missed: {', '.join(self.missed)}."]
        return [*lines, "Every figure that was measured is what it should be."]
