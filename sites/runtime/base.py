"""What jobs may ask of a runtime, whatever technology it is."""

from collections.abc import Iterable
from typing import Protocol

from sites.runtime.spec import (
    FolderUse,
    InstanceStatus,
    InstanceUsage,
    MachineLimits,
    OutputOrder,
    OutputPiece,
    ProbeSpec,
    ProbeStatus,
    RevisionSpec,
    RunSpec,
    RunStatus,
)


class Runtime(Protocol):
    """The contract of a runtime adapter. Declarative: every call may be repeated.

    Every method raises RuntimeUnreachable when the runtime does not answer.
    """

    def apply(self, spec: RevisionSpec) -> None:
        """Make `spec` the wanted state of its revision.

        Raises StaleOrder when a higher generation of the revision was ordered before, and OutOfMemory when its
        instances would not fit on the machine.
        """

    def observe(self, revision_ids: Iterable[int] | None = None) -> list[InstanceStatus]:
        """All instances there are, of the given revisions or of all."""

    def usage(self, revision_ids: Iterable[int]) -> list[InstanceUsage]:
        """What the instances of these revisions that run have used."""

    def probe(self, specs: Iterable[ProbeSpec], *, wait_seconds: float = 0.0) -> list[ProbeStatus]:
        """Have instances asked what was not asked under its id before, and say how far all of it is.

        Waits for up to `wait_seconds`, as long as something is not answered yet.
        """

    def end_probes(self, prefix: str) -> None:
        """Break off and forget the probes whose ids begin so."""

    def log_tail(self, revision_id: int, ordinal: int, *, lines: int = 20) -> list[str]:
        """The last lines that an instance wrote; empty when it never wrote or is long gone."""

    def listening(self, revision_id: int, ordinal: int) -> list[str]:
        """Addresses with ports on which an instance listens now, '127.0.0.1:5000', whatever was wanted of it."""

    def read_output(self, order: OutputOrder) -> list[OutputPiece]:
        """What the instances of some revisions have written since the positions of an earlier answer."""

    def kill_connections(self, revision_id: int, *, fraction: float) -> int:
        """Cut about `fraction` (0–1) of the connections open to the instances; returns how many were cut."""

    def memory_available_mb(self) -> int | None:
        """Memory that new instances could take on the machine; None where nobody can tell."""

    def keep_limits(self, limits: MachineLimits) -> list[FolderUse]:
        """These hold from now on; what is known of the folders that they name."""

    def start_run(self, spec: RunSpec) -> None:
        """Start a one-time command, unless one with the same id was ever started."""

    def observe_run(self, run_id: str) -> RunStatus:
        """How far a one-time command is."""

    def end_run(self, run_id: str) -> None:
        """End a one-time command that is still running, and forget it."""
