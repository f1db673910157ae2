"""A runtime without processes: it remembers its orders and plays instances, for tests and demonstrations."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from sites.errors import RuntimeUnreachable, StaleOrder
from sites.logs.stamps import parted
from sites.runtime.spec import (
    INSTANCE_PORT,
    EndReason,
    FolderUse,
    InstanceState,
    InstanceStatus,
    InstanceUsage,
    MachineLimits,
    OutputOrder,
    OutputPiece,
    ProbeSpec,
    ProbeState,
    ProbeStatus,
    RevisionSpec,
    RunSpec,
    RunState,
    RunStatus,
)


@dataclass
class MemoryRuntime:
    """Implements `sites.runtime.base.Runtime`; what it is told stands in `orders`, in order."""

    orders: list[RevisionSpec | RunSpec] = field(default_factory=list)
    wanted: dict[int, RevisionSpec] = field(default_factory=dict)
    runs: dict[str, RunSpec] = field(default_factory=dict)
    cuts: list[tuple[int, float]] = field(default_factory=list)
    """Orders to cut connections: revision and fraction."""
    connections: dict[int, int] = field(default_factory=dict)
    """Open connections by revision, for `kill_connections`."""
    memory_mb: int | None = None
    """What `memory_available_mb` answers."""
    limits: MachineLimits | None = None
    """What `keep_limits` was given last."""
    folder_uses: list[FolderUse] = field(default_factory=list)
    """What it answers."""
    end_reason: EndReason = EndReason.NONE
    """Of every instance and run that ends with a code."""
    logs: dict[tuple[int, int], list[str]] = field(default_factory=dict)
    listeners: dict[tuple[int, int], list[str]] = field(default_factory=dict)
    """Where instances listen that do not listen on their port."""
    used: dict[tuple[int, int], InstanceUsage] = field(default_factory=dict)
    """Revision and ordinal → what `usage` answers."""
    is_reachable: bool = True
    run_exit_code: int | None = 0
    """Of every run; None: they stay running."""
    probes: dict[str, ProbeSpec] = field(default_factory=dict)
    """What was asked and is not forgotten yet."""
    answers: dict[int, str | None] = field(default_factory=dict)
    """Revision → what its instances answer; None: nothing. Others answer 200."""
    _exits: dict[tuple[tuple[str, ...] | int, int], tuple[int, int]] = field(default_factory=dict)
    _silent: set[tuple[int, int]] = field(default_factory=set)
    _run_exits: dict[str, int | None] = field(default_factory=dict)

    def exit_with(self, revision: int | tuple[str, ...], ordinal: int, code: int, *, restarts: int = 2) -> None:
        """That ordinal of the revision (or of any revision with that command) has ended so often with `code`."""
        self._exits[revision, ordinal] = code, restarts

    def never_listen(self, revision_id: int, ordinal: int) -> None:
        """From now on that instance starts and does not accept connections."""
        self._silent.add((revision_id, ordinal))

    def recover(self) -> None:
        """All instances and runs behave again."""
        self._exits.clear()
        self._silent.clear()
        for name in ("ill", "silent", "answer"):
            vars(self).pop(name, None)
        self._run_exits.clear()
        self.run_exit_code = 0

    def end_run_with(self, run_id: str, code: int | None) -> None:
        """That run ends with `code`; None: it stays running."""
        self._run_exits[run_id] = code

    def ill(self, revision_id: int) -> int | None:
        """With which code all instances of a revision end, again and again; tests put others here."""
        return None

    def silent(self, revision_id: int) -> bool:
        """Whether no instance of a revision listens; tests put others here."""
        return False

    def write_log(self, revision_id: int, ordinal: int, *lines: str) -> None:
        """Adds lines to what an instance wrote."""
        self.logs.setdefault((revision_id, ordinal), []).extend(lines)

    def answer(self, spec: ProbeSpec) -> str | None:
        """What an instance answers to a probe; None: nothing yet."""
        is_known = isinstance(self.answers, defaultdict) or spec.revision_id in self.answers
        return self.answers[spec.revision_id] if is_known else "200"

    def apply(self, spec: RevisionSpec) -> None:
        """See Runtime.apply."""
        self._reach()
        present = self.wanted.get(spec.revision_id)
        if present is not None and spec.generation < present.generation:
            raise StaleOrder(what=f"'{spec.name}'")
        self.orders.append(spec)
        self.wanted[spec.revision_id] = spec

    def observe(self, revision_ids: Iterable[int] | None = None) -> list[InstanceStatus]:
        """See Runtime.observe."""
        self._reach()
        ids = set(self.wanted) if revision_ids is None else set(revision_ids)
        specs = [spec for spec in self.wanted.values() if spec.revision_id in ids]
        return [self._instance(spec, ordinal) for spec in specs for ordinal in range(spec.count)]

    def usage(self, revision_ids: Iterable[int]) -> list[InstanceUsage]:
        """See Runtime.usage; what tests put into `used`, else nothing but memory."""
        self._reach()
        return [
            self.used.get(
                (one.revision_id, one.ordinal), InstanceUsage(one.revision_id, one.ordinal, 1.0, 0, 10_000_000)
            )
            for one in self.observe(revision_ids)
            if one.state == InstanceState.RUNNING
        ]

    def probe(self, specs: Iterable[ProbeSpec], *, wait_seconds: float = 0.0) -> list[ProbeStatus]:
        """See Runtime.probe; never waits."""
        self._reach()
        wanted = list(specs)
        for spec in wanted:
            self.probes.setdefault(spec.probe_id, spec)
        return [self._probed(spec) for spec in wanted]

    def end_probes(self, prefix: str) -> None:
        """See Runtime.end_probes."""
        self._reach()
        self.probes = {probe_id: spec for probe_id, spec in self.probes.items() if not probe_id.startswith(prefix)}

    def log_tail(self, revision_id: int, ordinal: int, *, lines: int = 20) -> list[str]:
        """See Runtime.log_tail."""
        self._reach()
        return [parted(line)[1] for line in self.logs.get((revision_id, ordinal), [])[-lines:]]

    def read_output(self, order: OutputOrder) -> list[OutputPiece]:
        """See Runtime.read_output; a position is a number of lines."""
        self._reach()
        pieces = []
        for (revision_id, ordinal), lines in sorted(self.logs.items()):
            if revision_id in order.revision_ids:
                start = int(order.positions.get(f"{revision_id}/{ordinal}") or 0)
                text = "".join(f"{line}\n" for line in lines[start:])
                pieces.append(OutputPiece(revision_id, ordinal, text, str(len(lines))))
        return pieces

    def listening(self, revision_id: int, ordinal: int) -> list[str]:
        """See Runtime.listening."""
        self._reach()
        return self.listeners.get((revision_id, ordinal), [])

    def memory_available_mb(self) -> int | None:
        """See Runtime.memory_available_mb."""
        self._reach()
        return self.memory_mb

    def keep_limits(self, limits: MachineLimits) -> list[FolderUse]:
        """See Runtime.keep_limits."""
        self._reach()
        self.limits = limits
        return list(self.folder_uses)

    def kill_connections(self, revision_id: int, *, fraction: float) -> int:
        """See Runtime.kill_connections."""
        self._reach()
        self.cuts.append((revision_id, fraction))
        cut = round(self.connections.get(revision_id, 0) * fraction)
        self.connections[revision_id] = self.connections.get(revision_id, 0) - cut
        return cut

    def start_run(self, spec: RunSpec) -> None:
        """See Runtime.start_run."""
        self._reach()
        if spec.run_id not in self.runs:
            self.orders.append(spec)
            self.runs[spec.run_id] = spec

    def observe_run(self, run_id: str) -> RunStatus:
        """See Runtime.observe_run."""
        self._reach()
        if run_id not in self.runs:
            return RunStatus(run_id, RunState.UNKNOWN)
        code = self._run_exits.get(run_id, self.run_exit_code)
        return RunStatus(run_id, RunState.RUNNING if code is None else RunState.ENDED, code, self.end_reason)

    def end_run(self, run_id: str) -> None:
        """See Runtime.end_run."""
        self._reach()
        self.runs.pop(run_id, None)

    def _reach(self) -> None:
        if not self.is_reachable:
            raise RuntimeUnreachable(part="The agent", reason="told to be unreachable")

    def _probed(self, spec: ProbeSpec) -> ProbeStatus:
        runs = {(status.revision_id, status.ordinal): status.state for status in self.observe([spec.revision_id])}
        answer = self.answer(spec)
        if runs.get((spec.revision_id, spec.ordinal)) != InstanceState.RUNNING:
            answer = "no answer (Connection refused)"
        if answer is None:
            return ProbeStatus(spec.probe_id, ProbeState.RUNNING)
        return ProbeStatus(spec.probe_id, ProbeState.ANSWERED, spec.paths[0], answer, spec.accepts(answer))

    def _instance(self, spec: RevisionSpec, ordinal: int) -> InstanceStatus:
        of_command = self._exits.get((spec.command, ordinal), (None, 0))
        code, restarts = self._exits.get((spec.revision_id, ordinal), of_command)
        if code is None and (code := self.ill(spec.revision_id)) is not None:
            restarts = 2
        state = InstanceState.RUNNING
        if code is not None:
            state = InstanceState.BACKOFF
        elif self.silent(spec.revision_id) or (spec.revision_id, ordinal) in self._silent:
            state = InstanceState.STARTING
        return InstanceStatus(
            revision_id=spec.revision_id,
            ordinal=ordinal,
            generation=spec.generation,
            state=state,
            address=f"10.{spec.revision_id >> 8 & 255}.{spec.revision_id & 255}.{ordinal + 1}",
            port=INSTANCE_PORT,
            restarts=restarts,
            exit_code=code,
            is_failing=code is not None,
            reason=self.end_reason if code is not None else EndReason.NONE,
        )
