"""What a runtime is told to run, and what it reports; plain data that crosses the agent's socket as JSON."""

from dataclasses import dataclass, field
from enum import StrEnum

INSTANCE_PORT = 8080
"""$PORT inside an instance that has a network of its own."""
PATIENCE_SECONDS = 300.0
"""What is meant where a limit does not name it."""


@dataclass(frozen=True, slots=True)
class Mount:
    """A folder of the host shown to a process. `target` is absolute, inside the sandbox."""

    source: str
    target: str
    is_writable: bool = True


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds of one sandbox; enforced where the machine can, see the level of isolation."""

    memory_mb: int = 1792
    cpus: float = 1.0
    processes: int = 512


@dataclass(frozen=True, slots=True)
class RevisionSpec:
    """The wanted instances of one revision. A spec with a lower generation than one seen before is refused."""

    revision_id: int
    generation: int
    owner: int
    """Number of the site; the runtime derives the unprivileged user from it."""
    name: str
    """For people: 'contoso (staging)'."""
    count: int
    """Wanted instances, ordinals 0 … count-1; 0 stops them all."""
    app: str
    """Folder of the host that is bound read-only to /app, the working directory."""
    command: tuple[str, ...]
    env: dict[str, str]
    mounts: tuple[Mount, ...] = ()
    limits: Limits = field(default_factory=Limits)
    grace_seconds: float = 30.0
    """Between SIGTERM and the SIGKILL of the sandbox."""


class EndReason(StrEnum):
    """Why a process was ended, where its exit code does not tell."""

    NONE = ""
    MEMORY = "memory"
    """It or a process of its sandbox needed more memory than its limit."""
    MACHINE = "machine"
    """All sandboxes together needed more memory than the machine offers them."""
    QUOTA = "quota"
    """It wrote more to the disk than it may."""
    DISK = "disk"
    """The disk of the machine became full."""
    HANG = "hang"
    """It did not accept connections any more."""


class InstanceState(StrEnum):
    """What the runtime sees of one instance."""

    STARTING = "starting"
    """The process runs and does not listen yet."""
    RUNNING = "running"
    """It accepts connections on its port."""
    BACKOFF = "backoff"
    """It ended by itself and will be started again."""
    STOPPING = "stopping"
    """It was told to end."""


@dataclass(frozen=True, slots=True)
class Written:
    """What an instance has written beside its code, which is lost when it ends."""

    places: tuple[str, ...] = ()
    """Files directly beside the code by name, others by their folder, which ends with a slash; the first few."""
    more: int = 0
    """Places that are not named."""
    files: int = 0

    def __str__(self) -> str:
        return ", ".join(self.places) + (f" and {self.more} more" if self.more else "")


@dataclass(frozen=True, slots=True)
class InstanceStatus:
    """One instance as it is. An instance that has ended for good is not reported."""

    revision_id: int
    ordinal: int
    generation: int
    state: InstanceState
    address: str
    port: int
    restarts: int = 0
    exit_code: int | None = None
    """Of the last run that ended by itself; 128 + n for signal n."""
    is_failing: bool = False
    """It has ended by itself and waits for its next start, or was started again less than a minute ago."""
    reason: EndReason = EndReason.NONE
    """Of the same run."""
    written: Written = Written()


@dataclass(frozen=True, slots=True)
class InstanceUsage:
    """What one instance has used; an instance that does not run is not reported."""

    revision_id: int
    ordinal: int
    started: float
    """Of its process, in seconds since the machine's start: counters begin anew with it."""
    cpu_ms: int
    memory: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class RunSpec:
    """A command to be run once in a sandbox (a build, a release command). The id makes it once only."""

    run_id: str
    """Letters, digits and hyphens; a second order with the same id changes nothing."""
    owner: int
    name: str
    command: tuple[str, ...]
    env: dict[str, str]
    mounts: tuple[Mount, ...]
    directory: str = "/app"
    limits: Limits = field(default_factory=Limits)
    timeout_seconds: float = 1800.0
    log: str = ""
    """File of the host that takes stdout and stderr, appended."""
    disk_bytes: int = 0
    """What its writable folders may take together; 0: no limit, and no look at the free disk either."""
    disk_files: int = 0
    stdio: tuple[str, str, str] | None = None
    """Paths of what becomes its stdin, stdout and stderr: a terminal (pts(4)) three times, or ends of pipes below
    /proc/PID/fd. None: nothing to read, and all that it writes goes to its log."""


class RunState(StrEnum):
    """How far a one-time command is."""

    UNKNOWN = "unknown"
    RUNNING = "running"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class RunStatus:
    """A one-time command as it is."""

    run_id: str
    state: RunState
    exit_code: int | None = None
    """Of a run that has ended; 124 when it was ended for taking too long."""
    reason: EndReason = EndReason.NONE


@dataclass(frozen=True, slots=True)
class ProbeSpec:
    """GET requests to one instance, made one after the other by the runtime. The id makes them once only."""

    probe_id: str
    """A second order with the same id changes nothing."""
    revision_id: int
    ordinal: int
    paths: tuple[str, ...]
    """Percent-encoded, in order; the first that is not answered acceptably is the last."""
    headers: dict[str, str]
    statuses: tuple[tuple[int, int], ...]
    """Ranges of acceptable statuses."""
    seconds: float
    """For one answer, to its last byte."""
    round_seconds: float
    """For all of them."""
    speaks_http2: bool = False
    """The instance speaks HTTP/2 and nothing else."""

    def accepts(self, answer: str) -> bool:
        """Whether a status, as text, is acceptable."""
        return answer.isdecimal() and any(first <= int(answer) <= last for first, last in self.statuses)


class ProbeState(StrEnum):
    """How far a probe is."""

    UNKNOWN = "unknown"
    RUNNING = "running"
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True)
class ProbeStatus:
    """A probe as it is."""

    probe_id: str
    state: ProbeState
    path: str = ""
    """Of the last request."""
    answer: str = ""
    """Its status as text, or what happened instead: 'no answer within 90 s'."""
    is_accepted: bool = False


@dataclass(frozen=True, slots=True)
class OutputOrder:
    """Which logs of instances to read on in."""

    revision_ids: tuple[int, ...]
    positions: dict[str, str]
    """`revision/ordinal` → the position of the last piece; a log that is not named is read from its beginning."""
    max_bytes: int
    """Of each log; what is older is left out."""


@dataclass(frozen=True, slots=True)
class OutputPiece:
    """What one instance wrote since a position, in whole lines that begin with their time."""

    revision_id: int
    ordinal: int
    text: str
    position: str
    left_out: int = 0
    """Bytes before the text that nobody reads any more."""

    @property
    def key(self) -> str:
        """As in OutputOrder.positions."""
        return f"{self.revision_id}/{self.ordinal}"


@dataclass(frozen=True, slots=True)
class FolderQuota:
    """What the persistent folders of a site may take together; 0: no limit."""

    owner: int
    folder: str
    """Folder of the host that they all lie in."""
    bytes: int
    files: int


@dataclass(frozen=True, slots=True)
class MachineLimits:
    """What holds for all sandboxes of a machine together, and for the persistent folders of each site."""

    memory_mb: int
    """That all sandboxes together may use."""
    overcommit: int
    """The sum of their single limits may be so many times as much."""
    disk_reserve: int
    """Bytes; builds are ended when less is free."""
    quotas: tuple[FolderQuota, ...] = ()
    patience_seconds: float = PATIENCE_SECONDS
    """An instance that has accepted no connection for so long, while some wait, is replaced."""


@dataclass(frozen=True, slots=True)
class FolderUse:
    """What the persistent folders of a site were measured to take."""

    owner: int
    bytes: int
    files: int
    is_read_only: bool = False
    """It is above its quota, so its processes can read and no longer write there."""
    is_kernel_held: bool = False
    """The file system itself refuses what is above the quota."""
