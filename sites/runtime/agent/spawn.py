"""Starting a monitor: its descriptors, a session of its own and an environment with nothing of a site."""

import errno
import fcntl
import json
import os
import signal
from dataclasses import dataclass
from pathlib import Path

from sites.runtime.agent import overlay
from sites.runtime.agent.launcher import pack
from sites.runtime.agent.sandbox import Mode, View, isolated, launcher_of, options_of
from sites.runtime.agent.targets import ensure_apart

STATUS, OPTIONS, SECCOMP, GATE, PROGRAM, LAYER = 3, 4, 5, 6, 7, 8
_ABOVE = 20
MARK = "GREENROOM_MARK"
"""In the monitor's environment, so that one which was never recorded can be found."""
OWN_FILE = os.O_CLOEXEC | os.O_NOFOLLOW
DEFAULT_SIGNALS = sorted(signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGXFSZ})
"""Whoever makes a file too large is told so (EFBIG) and not ended: Python ignores SIGXFSZ, and so do its children."""


@dataclass(frozen=True, slots=True)
class Program:
    """What a site brings. It goes to the launcher by a descriptor, and nobody looks at it before the launcher does."""

    command: tuple[str, ...]
    env: dict[str, str]
    directory: str


@dataclass(frozen=True, slots=True)
class Order:
    """One process to be started. The folder holds its gate, its status and the pipe that it writes to."""

    folder: Path
    view: View
    program: Program
    netns: str | None
    mark: str
    seccomp: bytes
    stdio: tuple[str, str, str] | None = None
    """In place of nothing to read and of that pipe, see RunSpec.stdio."""


def status_file(folder: Path) -> Path:
    """Where bubblewrap writes the child's pid and, at its end, the exit code."""
    return folder / "status"


def read_status(folder: Path) -> dict[str, int]:
    """The keys `child-pid` and `exit-code`, as far as they were written."""
    result: dict[str, int] = {}
    try:
        text = status_file(folder).read_text()
    except FileNotFoundError:
        return result
    for line in text.splitlines():
        try:
            result |= json.loads(line)
        except ValueError:
            continue
    return result


def _raised(descriptor: int) -> int:
    """Out of the way of the numbers that the monitor gets."""
    try:
        return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _ABOVE)
    finally:
        os.close(descriptor)


def _memory_file(content: bytes) -> int:
    descriptor = _raised(os.memfd_create("greenroom"))
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def packed(program: Program) -> bytes:
    """For the launcher. Raises OSError for what no process can be given."""
    try:
        return pack(program.directory, program.command, program.env)
    except ValueError as error:
        raise OSError(errno.EINVAL, str(error)) from error


def arguments_of(order: Order) -> list[str]:
    """The monitor's command line, in which nothing is the site's; bubblewrap takes its options from a descriptor."""
    if order.view.mode is Mode.NONE:
        user = order.view.uid if os.geteuid() == 0 else os.geteuid()
        launcher = launcher_of(Mode.NONE, user, PROGRAM, SECCOMP)
        line = [*isolated(str(Path(__file__).with_name("bare.py"))), str(STATUS), str(GATE), *launcher]
    else:
        bwrap = ["bwrap", "--args", str(OPTIONS), "--json-status-fd", str(STATUS)]
        bwrap += ["--seccomp", str(SECCOMP), "--block-fd", str(GATE), "--"]
        line = [*bwrap, *launcher_of(order.view.mode, order.view.uid, PROGRAM, SECCOMP)]
    if order.view.layer is not None:
        line = [*isolated(overlay.__file__), str(LAYER), *line]
    if order.netns:
        line = ["nsenter", f"--net=/run/netns/{order.netns}", "--", *line]
    return line


def output_pipe(folder: Path) -> Path:
    """The pipe that takes its stdout and stderr; it is there before the process is."""
    return folder / "output"


def gate_file(folder: Path) -> Path:
    """The FIFO at which a sandbox waits until it has been recorded and limited."""
    return folder / "gate"


def open_gate(folder: Path) -> None:
    """Lets a sandbox go on; nothing happens when it already has."""
    try:
        descriptor = os.open(gate_file(folder), os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return
    try:
        os.write(descriptor, b"1")
    finally:
        os.close(descriptor)


def _stdio(order: Order) -> list[tuple[Path, int]]:
    """What to open as stdin, stdout and stderr, and how. None of it becomes a terminal that controls the agent."""
    if order.stdio is not None:
        flags = (os.O_RDONLY, os.O_WRONLY, os.O_WRONLY)
        return [(Path(path), flag | os.O_CLOEXEC | os.O_NOCTTY) for path, flag in zip(order.stdio, flags, strict=True)]
    # Open for both: whoever reads it may go away and come back
    output = (output_pipe(order.folder), os.O_RDWR | OWN_FILE)
    return [(Path("/dev/null"), os.O_RDONLY | OWN_FILE), output, output]


def spawn(order: Order) -> int:
    """Starts the monitor, which waits at its gate; returns its pid. Raises OSError when it cannot be started."""
    options: list[str] = []
    if order.view.mode is not Mode.NONE:
        ensure_apart(order.view)
        options = options_of(order.view)
    program = packed(order.program)
    order.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    status_file(order.folder).unlink(missing_ok=True)
    gate_file(order.folder).unlink(missing_ok=True)
    os.mkfifo(gate_file(order.folder), 0o600)
    opened: list[int] = []
    try:
        for path, flags in (
            *_stdio(order),
            (status_file(order.folder), os.O_WRONLY | os.O_APPEND | os.O_CREAT | OWN_FILE),
            # Open for both: if the agent dies before the gate opens, the sandbox must wait, not see an end
            (gate_file(order.folder), os.O_RDWR | OWN_FILE),
        ):
            opened.append(_raised(os.open(path, flags, 0o600)))
        pairs = list(zip(opened, (0, 1, 2, STATUS, GATE), strict=True))
        text = "".join(f"{option}\0" for option in options)
        layer = order.view.layer.pack() if order.view.layer is not None else b""
        for content, number in (
            (text.encode(), OPTIONS),
            (order.seccomp, SECCOMP),
            (program, PROGRAM),
            (layer, LAYER),
        ):
            opened.append(_memory_file(content))
            pairs.append((opened[-1], number))
        arguments = arguments_of(order)
        return os.posix_spawnp(
            arguments[0],
            arguments,
            {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", MARK: order.mark},
            file_actions=[(os.POSIX_SPAWN_DUP2, source, target) for source, target in pairs],
            setsid=True,
            setsigmask=[],
            setsigdef=DEFAULT_SIGNALS,
        )
    finally:
        for descriptor in opened:
            os.close(descriptor)
