"""Versions that served and do so no more: they exit again and again, hang, or do not listen."""

from hypothesis import strategies as st

from sites.models import Operation, Revision
from sites.runtime.spec import ProbeSpec
from tests.fakes.runtime import MemoryRuntime

CRASHES, HANGS, IS_SILENT = "crashes", "hangs", "does not listen"
ILLNESSES = st.sampled_from([CRASHES, HANGS, IS_SILENT])
WAITED_FOR = {"change_settings", "start", "restart"}
"""What brings a version into service again where it is, so that it has to answer there."""


class Illnesses:
    """Which content is ill, and how; played by the instances of the memory runtime."""

    def __init__(self, runtime: MemoryRuntime) -> None:
        self._now: dict[str, str] = {}
        self.ever: set[str] = set()
        """Content that has ever been ill: not all of its instances have to be offered to visitors."""
        self._runtime = runtime
        runtime.ill = lambda revision_id: 137 if self._of(revision_id) == CRASHES else None
        runtime.silent = lambda revision_id: self._of(revision_id) == IS_SILENT
        runtime.answer = self._answer

    def afflict(self, content: str, illness: str) -> None:
        """Every instance with this content is ill from now on."""
        self._now[content] = illness
        self.ever.add(content)

    def cure(self) -> None:
        """All content is well again."""
        self._now.clear()

    @property
    def are_any(self) -> bool:
        """Whether some content is ill."""
        return bool(self._now)

    def __contains__(self, content: str | None) -> bool:
        return content in self._now

    def may_fail(self, operation: Operation, *, is_new: bool) -> bool:
        """Whether an operation may fail because of what it has to bring into service."""
        if not is_new or operation.kind == "roll_back":  # whose instances may have answered already
            return self._has_to_go(operation)
        return operation.kind in WAITED_FOR and any(content in self for content in self._brought(operation))

    def has_to_fail(self, operation: Operation, *, is_new: bool) -> bool:
        """Whether an operation would bring into service what can be seen to be ill."""
        return is_new and operation.kind in ("swap", "publish") and self._has_to_go(operation)

    def _has_to_go(self, operation: Operation) -> bool:
        """Whether ill content would go into production, or is published."""
        return any(content in self for content in self._brought(operation, is_new_there=True))

    @staticmethod
    def _brought(operation: Operation, *, is_new_there: bool = False) -> list[str | None]:
        starting = operation.changes.filter(is_running_after=True)
        changes = starting.select_related("slot", "deployment_after")
        return [
            change.deployment_after.message if change.deployment_after else None
            for change in changes
            if not is_new_there or change.brings_deployment or (change.slot and change.slot.is_production)
        ]

    def _of(self, revision_id: int) -> str | None:
        if not self._now:
            return None
        content = Revision.objects.filter(pk=revision_id).values_list("deployment__message", flat=True).first()
        return self._now.get(content or "")

    def _answer(self, spec: ProbeSpec) -> str | None:
        if self._of(spec.revision_id) == HANGS:
            return f"no answer within {spec.seconds:.0f} s"
        return MemoryRuntime.answer(self._runtime, spec)
