"""How often an instance has ended by itself, how it ended last, and how long it waits before it is started again."""

from typing import Any

from sites.runtime.agent.backoff import Backoff
from sites.runtime.spec import EndReason


class History:
    """Outlives the agent: it lies beside the record of the process."""

    def __init__(self) -> None:
        self.restarts = 0
        self.exit_code: int | None = None
        self.reason = EndReason.NONE
        self._backoff = Backoff()

    @property
    def crashes(self) -> int:
        """Ends in a row, each soon after its start."""
        return self._backoff.crashes

    def add(self, exit_code: int, reason: EndReason, ran_seconds: float) -> float:
        """One more end; how many seconds to wait now."""
        self.restarts += 1
        self.exit_code = exit_code
        self.reason = reason
        return self._backoff.next_delay(ran_seconds)

    def as_data(self) -> dict[str, Any]:
        """For `recall`."""
        return {
            "restarts": self.restarts,
            "exit_code": self.exit_code,
            "reason": self.reason,
            "crashes": self._backoff.crashes,
        }

    def recall(self, data: dict[str, Any]) -> None:
        """What a former agent knew; those before the reasons wrote none."""
        self.restarts = data["restarts"]
        self.exit_code = data["exit_code"]
        self.reason = EndReason(data.get("reason", ""))
        self._backoff = Backoff(data["crashes"])
