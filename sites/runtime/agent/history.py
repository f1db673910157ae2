"""How often an instance has ended by itself, how it ended last, and how long it waits before it is started again."""

from typing import Any

from sites.backoff import Backoff
from sites.runtime.spec import EndReason

STEADY_SECONDS = 60.0
"""A run of this length counts as healthy."""


def _backoff(crashes: int = 0) -> Backoff:
    """At once, then 0.5, 1, 2, 4 … at most 30 s; from the beginning again after a minute of running."""
    return Backoff(first_seconds=0.5, longest_seconds=30.0, steady_seconds=STEADY_SECONDS, ends=crashes)


class History:
    """Outlives the agent: it lies beside the record of the process."""

    def __init__(self) -> None:
        self.restarts = 0
        self.exit_code: int | None = None
        self.reason = EndReason.NONE
        self._backoff = _backoff()

    @property
    def crashes(self) -> int:
        """Ends in a row, each soon after its start."""
        return self._backoff.ends

    def add(self, exit_code: int, reason: EndReason, ran_seconds: float) -> float:
        """One more end; how many seconds to wait now."""
        self.restarts += 1
        self.exit_code = exit_code
        self.reason = reason
        return self._backoff.after(ran_seconds)

    def as_data(self) -> dict[str, Any]:
        """For `recall`."""
        return {
            "restarts": self.restarts,
            "exit_code": self.exit_code,
            "reason": self.reason,
            "crashes": self._backoff.ends,
        }

    def recall(self, data: dict[str, Any]) -> None:
        """What a former agent knew; those before the reasons wrote none."""
        self.restarts = data["restarts"]
        self.exit_code = data["exit_code"]
        self.reason = EndReason(data.get("reason", ""))
        self._backoff = _backoff(data["crashes"])
