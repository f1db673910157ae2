"""What somebody types goes to a process elsewhere on this machine, and what it writes comes back."""

import fcntl
import os
import selectors
import signal
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

CHUNK = 64 * 1024


@dataclass
class Relay:
    """Pairs of descriptors, from and to; `stdio` are the paths that the process opens as its own."""

    stdio: tuple[str, str, str]
    inward: tuple[int, int] | None
    """Ends with its source, and then its target is closed."""
    outward: list[tuple[int, int]]
    ends: list[int]
    """What is still to be closed."""

    def pass_on(self, seconds: float) -> None:
        """Wait until something comes, at most `seconds`, and pass it on."""
        with selectors.PollSelector() as selector:
            pairs = [*self.outward, *([self.inward] if self.inward else [])]
            for source, target in pairs:
                selector.register(source, selectors.EVENT_READ, target)
            for key, _ in selector.select(seconds):
                self._pass(key.fd, key.data)

    def drain(self) -> None:
        """Pass on what was written before the end."""
        for source, target in self.outward:
            os.set_blocking(source, False)
            while piece := _read(source):
                _write(target, piece)

    def _pass(self, source: int, target: int) -> None:
        piece = _read(source)
        if piece:
            _write(target, piece)
        elif self.inward == (source, target):
            self.inward = None
            if target not in [reads for reads, _ in self.outward]:  # a pipe, which ends by being closed
                self.ends.remove(target)
                os.close(target)

    def close(self) -> None:
        """Let go of everything."""
        while self.ends:
            os.close(self.ends.pop())


@contextmanager
def terminal() -> Iterator[Relay]:
    """A terminal of its own for the process, which takes all keys of ours, and our size whenever that changes."""
    ours, its = os.openpty()
    former, former_handler = termios.tcgetattr(0), signal.getsignal(signal.SIGWINCH)

    def resize(*_: object) -> None:
        fcntl.ioctl(its, termios.TIOCSWINSZ, fcntl.ioctl(0, termios.TIOCGWINSZ, bytes(8)))

    name = os.ttyname(its)
    passing = Relay((name, name, name), (0, ours), [(ours, 1)], [ours, its])
    try:
        resize()
        signal.signal(signal.SIGWINCH, resize)
        tty.setraw(0)
        yield passing
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, former)
        signal.signal(signal.SIGWINCH, former_handler)
        passing.close()


@contextmanager
def pipes() -> Iterator[Relay]:
    """Pipes, where ours is no terminal. Our ends of its outputs stay open, so that it may begin late."""
    pairs = [os.pipe() for _ in range(3)]
    (in_read, in_write), (out_read, out_write), (err_read, err_write) = pairs
    paths = tuple(f"/proc/{os.getpid()}/fd/{number}" for number in (in_read, out_write, err_write))
    ends = [number for pair in pairs for number in pair]
    passing = Relay((paths[0], paths[1], paths[2]), (0, in_write), [(out_read, 1), (err_read, 2)], ends)
    try:
        yield passing
    finally:
        passing.close()


def is_terminal() -> bool:
    """Whether somebody sits there."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, CHUNK)
    except (BlockingIOError, OSError):
        return b""  # a terminal whose other end is closed says EIO


def _write(descriptor: int, piece: bytes) -> None:
    while piece:
        piece = piece[os.write(descriptor, piece) :]
