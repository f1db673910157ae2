"""One pipe and its log: what is moved when, and what a writer that is too fast loses."""

import ctypes
import fcntl
import os
import struct
import termios
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
REASON = f"a log takes {RATE // 1024**2} MB a second, and none while the disk is full."


def _enlarge(pipe: int) -> None:
    with suppress(OSError):  # beyond what a user without rights may have, a pipe stays smaller
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


class Copies:
    """Shows what waits in a pipe and leaves it there, so that nothing is lost with the process that shows it."""

    def __init__(self) -> None:
        self._open()
        self._tee = ctypes.CDLL(None, use_errno=True).tee
        self._tee.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_size_t, ctypes.c_uint)
        self._tee.restype = ctypes.c_ssize_t

    def first(self, pipe: int, count: int) -> bytes:
        """At most `count` bytes, the oldest of the pipe. Raises OSError."""
        copied = self._tee(pipe, self._in, count, 0)
        if copied < 0:
            raise OSError(ctypes.get_errno(), "tee")
        if not copied:
            return b""
        data = b""
        try:
            data = os.read(self._out, copied)
        finally:
            if len(data) != copied:  # what is left must not stand in front of another pipe's bytes
                self.close()
                self._open()
        return data

    def _open(self) -> None:
        self._out, self._in = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        _enlarge(self._in)

    def close(self) -> None:
        os.close(self._out)
        os.close(self._in)


class Stream:
    """One pipe and its log."""

    def __init__(self, pipe: Path, log: Path, limit: int, copies: Copies, *, is_stamped: bool) -> None:
        self.descriptor = os.open(pipe, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        _enlarge(self.descriptor)
        self._copies = copies
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
            self._move(waiting, null)
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
            self._move(waiting, null)

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

    def _move(self, count: int, null: int) -> None:
        """Written first and taken out of the pipe then: a process that dies in between has it written twice."""
        while count > 0:
            try:
                data = self._copies.first(self.descriptor, count)
            except OSError:  # what a writer has spliced into its pipe can be gone
                data = b""
            self._write(data)
            taken = self._drop(len(data) or count, null)
            if not taken:
                return
            count -= taken

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
