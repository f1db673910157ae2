"""Starting a monitor: its descriptors, a session of its own and an empty environment."""

import errno
import fcntl
import json
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from sites.runtime.agent.sandbox import Mode, View, command_of, options_of

STATUS, OPTIONS, SECCOMP, GATE = 3, 4, 5, 6
_ABOVE = 20
MARK = "GREENROOM_MARK"
"""In the monitor's environment, so that one which was never recorded can be found."""
# Not SIGXFSZ, which Python ignores: whoever makes a file too large is told so (EFBIG) and not ended
DEFAULT_SIGNALS = [signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD]


@dataclass(frozen=True, slots=True)
class Order:
    """One process to be started. The folder holds its gate, its status and the pipe that it writes to."""

    folder: Path
    view: View
    command: tuple[str, ...]
    netns: str | None
    mark: str
    seccomp: bytes


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


def arguments_of(order: Order) -> list[str]:
    """The monitor's command line; options go by a descriptor, for everyone may read command lines."""
    if order.view.mode is Mode.NONE:
        user = order.view.uid if os.geteuid() == 0 else -1
        bare = Path(__file__).with_name("bare.py")
        line = [sys.executable, "-I", str(bare), str(user), str(STATUS), str(GATE), order.view.directory]
        line += order.command
    else:
        bwrap = ["bwrap", "--args", str(OPTIONS), "--json-status-fd", str(STATUS)]
        bwrap += ["--seccomp", str(SECCOMP), "--block-fd", str(GATE), "--"]
        line = [*bwrap, *command_of(order.view, order.command)]
    if order.netns:
        line = ["nsenter", f"--net=/run/netns/{order.netns}", "--", *line]
    return line


def _check(order: Order, options: list[str]) -> None:
    """A NUL would end an option early and let a value become an option. Raises OSError."""
    if any("\0" in text for text in (*options, *order.command)):
        raise OSError(errno.EINVAL, "a setting or the command holds a NUL character")


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


def spawn(order: Order) -> int:
    """Starts the monitor, which waits at its gate; returns its pid. Raises OSError when it cannot be started."""
    options = options_of(order.view) if order.view.mode is not Mode.NONE else []
    _check(order, [*options, *order.view.env.values()])
    order.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    status_file(order.folder).unlink(missing_ok=True)
    gate_file(order.folder).unlink(missing_ok=True)
    os.mkfifo(gate_file(order.folder), 0o600)
    opened: list[int] = []
    try:
        for path, flags in (
            (Path("/dev/null"), os.O_RDONLY),
            # Open for both: whoever reads it may go away and come back
            (output_pipe(order.folder), os.O_RDWR),
            (status_file(order.folder), os.O_WRONLY | os.O_APPEND | os.O_CREAT),
            # Open for both: if the agent dies before the gate opens, the sandbox must wait, not see an end
            (gate_file(order.folder), os.O_RDWR),
        ):
            opened.append(_raised(os.open(path, flags | os.O_CLOEXEC, 0o600)))
        null, output, status, gate = opened
        text = "".join(f"{option}\0" for option in options)
        opened += [_memory_file(text.encode()), _memory_file(order.seccomp)]
        pairs = [(null, 0), (output, 1), (output, 2), (status, STATUS), (gate, GATE)]
        pairs += [(opened[4], OPTIONS), (opened[5], SECCOMP)]
        env = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", MARK: order.mark}
        if order.view.mode is Mode.NONE:
            env |= order.view.env
        arguments = arguments_of(order)
        return os.posix_spawnp(
            arguments[0],
            arguments,
            env,
            file_actions=[(os.POSIX_SPAWN_DUP2, source, target) for source, target in pairs],
            setsid=True,
            setsigmask=[],
            setsigdef=DEFAULT_SIGNALS,
        )
    finally:
        for descriptor in opened:
            os.close(descriptor)
