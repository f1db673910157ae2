"""From pipes into logs: whatever is written into a pipe, its log keeps its limit and the disk its room."""

import os
import select
import stat
import threading
import time
from contextlib import suppress
from pathlib import Path

from sites.logs import files
from sites.logs.stream import Copies, Stream

PAUSE_SECONDS = 0.01
"""Between two looks at the pipes. A writer that never stops fills its pipe meanwhile and has to wait."""
SHARE = 0.05
"""Of a processor, which the looks never take more of, however many pipes are full."""
PLAIN_SECONDS = 1.0
"""Between two looks at a log that is no pipe."""


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
        self._streams: dict[Path, Stream] = {}
        self._by_descriptor: dict[int, Stream] = {}
        self._plain: dict[Path, tuple[Path, int]] = {}
        self._lock = threading.Lock()
        self._epoll = select.epoll()
        self._null = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        self._copies = Copies()
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
            stream = self._streams[pipe] = Stream(pipe, log, limit, self._copies, is_stamped=is_stamped)
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
        self._copies.close()

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
