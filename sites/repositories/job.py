"""One run of git and the folders by which it is spoken with.

What Greenroom writes lies in a folder that the run cannot write, and what the run writes is read as files of a
stranger: never through a link, and only what is an ordinary file.
"""

import os
import select
import shutil
import stat
import uuid
from contextlib import suppress
from pathlib import Path

from sites.content.uploads import ensure_disk
from sites.disk import trees
from sites.disk.folders import claim
from sites.disk.use import Use
from sites.errors import PushUnderWay, RuntimeUnreachable, ServerBusy
from sites.repositories.commands import REFS, Exclusive, Question, Service, plan
from sites.repositories.ending import Ending, ending_of
from sites.repositories.place import jobs_folder, lock, repository_of, run_id_of, sweep
from sites.runtime.registry import get_runtime

MAX_JOBS = 16
MAX_OF_ONE = 4
"""Runs at the same time, of all slots and of one."""
MAX_PACKS = 100
"""Files of packs in a repository; beyond that the next request cleans it."""
LOCK_SECONDS = 3.0
SHORT = 4096
"""Bytes of the file by which the hook asks."""


class Job:
    """A run of git, from its order until it is forgotten."""

    def __init__(self, question: Question) -> None:
        """Raises ServerBusy, DiskFull and OSError."""
        _ensure_room(question.slot_id)
        ensure_disk()
        self.question = question
        self.folder = jobs_folder() / f"{question.slot_id}-{uuid.uuid4().hex}"
        self._locks: list[int] = []
        self._progress = -1
        self.folder.mkdir(mode=0o755)
        self._claim = os.open(self.folder, os.O_RDONLY)
        claim(self._claim)
        try:
            for name in ("in", "out"):
                (self.folder / name).mkdir()
                (self.folder / name).chmod(0o755)  # the run is another user's; the data folder above is closed
            self._progress = self._make_pipe(self.folder / "in" / "progress")
        except OSError:
            self.close()
            raise

    def take_request(self, body: Path | bytes) -> None:
        """The client's request; a file is not copied."""
        request = self.folder / "in" / "request"
        if isinstance(body, Path):
            os.link(body, request)
        else:
            request.write_bytes(body)
        request.chmod(0o444)

    def start(self, *, most: Use) -> None:
        """Have the runtime run it; repository and answer may take `most` on the disk.

        Raises ServerBusy, RuntimeUnreachable and Failed.
        """
        exclusive = self._take_locks()
        get_runtime().start_run(plan(self.question, self.folder, most=most, exclusive=exclusive))

    def ending(self) -> Ending | None:
        """How the run has ended; None while it goes on. Raises RuntimeUnreachable."""
        return ending_of(get_runtime().observe_run(run_id_of(self.folder)))

    def read(self, name: str, start: int, most: int) -> bytes:
        """At most `most` bytes of what the run wrote, from `start`; none of what is no file, or not there yet."""
        try:
            descriptor = os.open(self.folder / "out" / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return b""
        try:
            return os.pread(descriptor, most, start) if stat.S_ISREG(os.fstat(descriptor).st_mode) else b""
        finally:
            os.close(descriptor)

    @property
    def has_asked(self) -> bool:
        """Whether the hook waits for a verdict."""
        return bool(self.read("asked", 0, 1))

    def asked(self) -> tuple[str, str, str, str]:
        """Commit, branch, author and first line of its message, as the hook tells them."""
        lines = self.read("asked", 0, SHORT).decode("utf-8", "replace").split("\n")
        commit, branch, author, subject = (*lines, "", "", "", "")[:4]
        return commit, branch, author, subject

    def take_content(self) -> Path | None:
        """The zip of the commit, where nobody else can exchange it; None when it is no ordinary file."""
        mine = self.folder / "content.zip"
        try:
            os.rename(self.folder / "out" / "content.zip", mine)
        except FileNotFoundError:
            return None
        return mine if stat.S_ISREG(mine.lstat().st_mode) else None

    def tell(self, lines: list[str]) -> list[str]:
        """Give the hook lines for its client, and return those that did not fit yet."""
        return self._write([f" {line}" for line in lines], lines)

    def decide(self, *, is_published: bool) -> bool:
        """Give the hook the verdict; False when it has to be given again, because the pipe is full."""
        return not self._write(["published" if is_published else "refused"], ["verdict"])

    def let_go(self) -> None:
        """The run has ended, or is to end: others may have its place. What it wrote is kept. May be repeated."""
        self._close_pipe()  # a hook that waits goes on, and finds no verdict
        with suppress(RuntimeUnreachable):  # the next sweep ends it
            get_runtime().end_run(run_id_of(self.folder))
        while self._locks:
            os.close(self._locks.pop())

    def close(self) -> None:
        """Remove everything of it. May be repeated."""
        if self._claim < 0:
            return
        try:
            self.let_go()
            trees.remove(self.folder)
        finally:
            os.close(self._claim)
            self._claim = -1

    def _take_locks(self) -> Exclusive:
        """One push to a slot at a time, and its branch stays as it is meanwhile. Nothing is cleaned while anything
        goes on."""
        question = self.question
        slot, site = f"slot-{question.slot_id}", f"site-{question.site_id}"
        alone = lock(site) if question.service in REFS and _packs(question.site_id) > MAX_PACKS else None
        unshared = lock(slot) if question.service in REFS else None
        self._locks += [taken for taken in (alone, unshared) if taken is not None]
        if alone is None:
            self._take(site, is_shared=True)
        if question.service is Service.RECEIVE_PACK:
            self._take(slot, is_shared=False)
        return Exclusive(is_synced=unshared is not None, is_cleaned=alone is not None)

    def _take(self, name: str, *, is_shared: bool) -> None:
        taken = lock(name, is_shared=is_shared, seconds=LOCK_SECONDS)
        if taken is None:
            raise PushUnderWay(name=self.question.name)
        self._locks.append(taken)

    def _make_pipe(self, path: Path) -> int:
        os.mkfifo(path, 0o644)
        path.chmod(0o644)
        # For reading too: so it can be opened before its reader comes, and it ends with this process
        return os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    def _write(self, lines: list[str], given: list[str]) -> list[str]:
        """Whole lines only: up to PIPE_BUF bytes a pipe takes all or nothing (pipe(7))."""
        for number, line in enumerate(lines):
            try:
                os.write(self._progress, line.encode()[: select.PIPE_BUF - 1] + b"\n")
            except BlockingIOError:
                return given[number:]
        return []

    def _close_pipe(self) -> None:
        if self._progress >= 0:
            os.close(self._progress)
            self._progress = -1


def is_installed() -> bool:
    """Whether this machine has git."""
    return shutil.which("git") is not None


def _packs(site_id: int) -> int:
    folder = repository_of(site_id) / "objects" / "pack"
    return len(os.listdir(folder)) if folder.is_dir() else 0


def _ensure_room(slot_id: int) -> None:
    sweep()
    names = [path.name for path in jobs_folder().iterdir()]
    of_slot = [name for name in names if name.startswith(f"{slot_id}-")]
    if len(names) >= MAX_JOBS or len(of_slot) >= MAX_OF_ONE:
        raise ServerBusy(what="requests of git")
