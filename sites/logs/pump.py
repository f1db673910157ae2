"""From pipes into logs: whatever is written into a pipe, its log keeps its limit and the disk its room."""

import fcntl
import os
import select
import stat
import struct
import termios
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from sites.logs import files
from sites.logs.stamps import stamp, stamped

PIPE_BYTES = 1024 * 1024
"""What a writer can write while nobody reads; after that it waits."""
RATE = 1024 * 1024
"""Bytes a second that a log takes on for long; beyond, the newest are kept and the others are counted."""
BURST = 4 * RATE
KEPT_BYTES = 64 * 1024
"""The newest bytes of a writer that is too fast, written as soon as there is room for them."""
PAUSE_SECONDS = 0.01
"""Between two looks at the pipes. A writer that never stops fills its pipe meanwhile and has to wait."""
SHARE = 0.05
"""Of a processor, which the looks never take more of, however many pipes are full."""
PLAIN_SECONDS = 1.0
"""Between two looks at a log that is no pipe."""
REASON = f"a log takes {RATE // 1024**2} MB a second, and none while the disk is full."


def make_pipe(pipe: Path, owner: int | None = None) -> None:
    """A pipe with a name, new and empty. `owner` is the user who may open it again, as /dev/stdout does."""
    pipe.unlink(missing_ok=True)
    os.mkfifo(pipe, 0o600)
    if owner is not None:
        os.chown(pipe, owner, owner)


class Pump:
    """Reads pipes and writes their logs, in a thread of its own. All methods may be called from any thread.

    A pipe is opened for reading and writing, here and by its writer: so neither ever sees the other go away, and
    what is written while nobody reads waits in the pipe.
    """

    def __init__(self) -> None:
        self._streams: dict[Path, _Stream] = {}
        self._by_descriptor: dict[int, _Stream] = {}
        self._plain: dict[Path, tuple[Path, int]] = {}
        self._lock = threading.Lock()
        self._epoll = select.epoll()
        self._null = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._epoll.register(self._wake, select.EPOLLIN)
        self._is_closing = False
        self._thread = threading.Thread(target=self._run, name="log pump", daemon=True)
        self._thread.start()

    def watch(self, pipe: Path, log: Path, limit: int = files.LIMIT_BYTES, *, is_stamped: bool = False) -> None:
        """Fill `log` from `pipe` from now on, with the time in front of each line if it is stamped. Raises OSError.

        Where there is no pipe, what somebody else writes into the log is only kept short.
        """
        self.finish(pipe)
        with self._lock:
            if not pipe.exists() or not stat.S_ISFIFO(pipe.stat().st_mode):
                self._plain[pipe] = log, limit
                os.eventfd_write(self._wake, 1)
                return
            stream = self._streams[pipe] = _Stream(pipe, log, limit, is_stamped=is_stamped)
            self._by_descriptor[stream.descriptor] = stream
            self._epoll.register(stream.descriptor, select.EPOLLIN)

    def catch_up(self, pipe: Path) -> None:
        """What was written into the pipe so far is in its log when this returns."""
        with self._lock:
            if pipe in self._streams:
                self._streams[pipe].empty(self._null)

    def note(self, pipe: Path, line: str) -> None:
        """A line of one's own in the log of that pipe, after all that was written so far."""
        with self._lock:
            if pipe in self._streams:
                self._streams[pipe].note(self._null, line)

    def finish(self, pipe: Path, *, is_over: bool = False) -> None:
        """Write what is left and forget the pipe; harmless for one that is not known.

        `is_over`: its writer has ended, so the line that it was writing is complete.
        """
        with self._lock:
            self._plain.pop(pipe, None)
            stream = self._streams.pop(pipe, None)
            if stream is not None:
                stream.empty(self._null)
                if is_over:
                    stream.end_line()
                del self._by_descriptor[stream.descriptor]
                self._epoll.unregister(stream.descriptor)
                os.close(stream.descriptor)

    def close(self) -> None:
        """Write what is left in every pipe, and stop."""
        for pipe in list(self._streams):
            self.finish(pipe)
        self._is_closing = True
        os.eventfd_write(self._wake, 1)
        self._thread.join()
        self._epoll.close()
        os.close(self._wake)
        os.close(self._null)

    def _run(self) -> None:
        while not self._is_closing:
            ready = self._epoll.poll(self._patience())
            began = time.thread_time()
            with self._lock:
                self._look({descriptor for descriptor, _ in ready})
            time.sleep(max(PAUSE_SECONDS, (time.thread_time() - began) * (1 / SHARE - 1)))

    def _patience(self) -> float | None:
        """How long nothing has to be done although nobody writes."""
        with self._lock:
            if any(stream.kept for stream in self._streams.values()):
                return 10 * PAUSE_SECONDS
            return PLAIN_SECONDS if self._plain else None

    def _look(self, ready: set[int]) -> None:
        if self._wake in ready:
            os.eventfd_read(self._wake)
        for descriptor, stream in self._by_descriptor.items():
            if descriptor in ready or stream.kept:
                stream.take(self._null)
        for log, limit in self._plain.values():
            with suppress(OSError):
                files.shorten(log, limit)


class _Stream:
    """One pipe and its log."""

    def __init__(self, pipe: Path, log: Path, limit: int, *, is_stamped: bool) -> None:
        self.descriptor = os.open(pipe, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        with suppress(OSError):  # beyond what a user without rights may have, a pipe stays smaller
            fcntl.fcntl(self.descriptor, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self.kept = b""
        self._log = log
        self._limit = limit
        self._room = float(BURST)
        self._looked_at = time.monotonic()
        self._dropped = 0
        self._is_stamped = is_stamped
        self._is_inside_line = files.ends_inside_line(log)
        self._is_kept_cut = False

    def take(self, null: int) -> None:
        """Move what waits in the pipe to the log, or as much of it as the rate allows."""
        now = time.monotonic()
        self._room = min(BURST, self._room + (now - self._looked_at) * RATE)
        self._looked_at = now
        waiting = self._waiting()
        is_too_fast = self._dropped + len(self.kept) > 0
        if not is_too_fast and waiting <= self._room:
            self._write(self._read(waiting))
            return
        if waiting:
            self._keep_newest(waiting, null)
        if self._room >= BURST / 8 or not waiting:
            self._write_kept()

    def empty(self, null: int) -> None:
        """Move what waits, at once; a writer that goes on meanwhile does not hold anybody up."""
        waiting = self._waiting()
        if waiting > self._room or self._dropped + len(self.kept) > 0:
            self._keep_newest(waiting, null)
            self._write_kept()
        else:
            self._write(self._read(waiting))

    def note(self, null: int, line: str) -> None:
        """Add a line of one's own."""
        self.empty(null)
        self._write(f"{chr(10) if self._is_inside_line else ''}{line}\n".encode())

    def end_line(self) -> None:
        """Complete a line that nobody goes on with."""
        if self._is_inside_line:
            self._write(b"\n")

    def _waiting(self) -> int:
        return int(struct.unpack("i", fcntl.ioctl(self.descriptor, termios.FIONREAD, bytes(4)))[0])

    def _read(self, count: int) -> bytes:
        try:
            return os.read(self.descriptor, count) if count else b""
        except OSError:  # what a writer has spliced into its pipe can be gone
            return b""

    def _keep_newest(self, waiting: int, null: int) -> None:
        surplus = waiting - KEPT_BYTES
        if surplus > 0:
            self._dropped += len(self.kept) + self._drop(surplus, null)
            self.kept = b""
        together = self.kept + self._read(min(waiting, KEPT_BYTES))
        self.kept = together[-KEPT_BYTES:]
        self._dropped += len(together) - len(self.kept)
        self._is_kept_cut = self._is_kept_cut or surplus > 0 or len(together) > KEPT_BYTES

    def _drop(self, count: int, null: int) -> int:
        """Without reading them: the kernel only gives the pages back."""
        try:
            return os.splice(self.descriptor, null, count)
        except OSError:
            return 0

    def _write_kept(self) -> None:
        """The newest bytes from the first whole line on, after a line that says how many are missing."""
        kept, self.kept = self.kept, b""
        if not self._dropped:
            self._write(kept)
            return
        start = kept.find(b"\n", 0, -1) + 1 if self._is_kept_cut else 0
        note = f"[Greenroom left out {self._dropped + start:,} bytes here: {REASON}]\n"
        before = "\n" if self._is_inside_line else ""
        dropped, self._dropped = self._dropped, 0
        if self._write((before + note).encode() + kept[start:]):
            self._is_kept_cut = False
        else:
            self._dropped = dropped + len(kept)

    def _write(self, data: bytes) -> bool:
        """Whether there was room for it on the disk; what is lost is counted."""
        if not data:
            return True
        written = self._with_time(data)
        self._room -= len(written)  # the times of many short lines take more than the lines
        try:
            files.append(self._log, written, self._limit)
        except OSError:
            self._dropped += len(data)
            return False
        self._is_inside_line = not data.endswith(b"\n")
        return True

    def _with_time(self, data: bytes) -> bytes:
        if not self._is_stamped:
            return data
        return stamped(data, stamp(datetime.now(UTC)), is_inside_line=self._is_inside_line)
