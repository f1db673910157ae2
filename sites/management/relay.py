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
    waiting: bytes = b""
    """Was read, and is not taken yet by the process, which may never read it."""

    def pass_on(self, seconds: float) -> None:
        """Wait until something comes, at most `seconds`, and pass it on, also if the process does not read."""
        with selectors.PollSelector() as selector:
            for source, target in self.outward:
                selector.register(source, selectors.EVENT_READ, target)
            if self.inward is not None:
                self._register_inward(selector, *self.inward)
            for key, events in selector.select(seconds):
                if self.inward is not None and key.data is None:
                    self._pass_in(*self.inward)
                elif events & selectors.EVENT_READ and key.data is not None and (piece := _read(key.fd)):
                    _write(key.data, piece)

    def _register_inward(self, selector: selectors.PollSelector, source: int, target: int) -> None:
        """Either there is something to give, or something to get."""
        if not self.waiting:
            selector.register(source, selectors.EVENT_READ, None)
        elif target in selector.get_map():  # a terminal, which goes both ways
            self._pass_in(source, target)
        else:
            selector.register(target, selectors.EVENT_WRITE, None)

    def drain(self) -> None:
        """Pass on what was written before the end."""
        for source, target in self.outward:
            os.set_blocking(source, False)
            while piece := _read(source):
                _write(target, piece)

    def _pass_in(self, source: int, target: int) -> None:
        if not self.waiting:
            self.waiting = _read(source)
            if not self.waiting:
                self._end_inward(target)
                return
        try:
            self.waiting = self.waiting[os.write(target, self.waiting) :]
        except BlockingIOError:
            return
        except OSError:  # it has closed its end
            self._end_inward(target)

    def _end_inward(self, target: int) -> None:
        self.inward, self.waiting = None, b""
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
    os.set_blocking(ours, False)
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
    os.set_blocking(in_write, False)
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
