"""Persistent folders keep their quota: they are measured, and what grows beyond it can only be read until it shrinks.

Looking costs time, and between two looks a site can write. So the free disk is looked at every second, which costs
nothing; when it has fallen by STEP_BYTES the folders are measured at once, those first whose processes have written
most. Otherwise each is measured the less often the more it costs.
"""

import asyncio
import logging
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from sites.disk.folders import Free, free
from sites.disk.trees import DEEPEST
from sites.disk.use import Use
from sites.runtime import codec
from sites.runtime.agent.files import read_json, write_json
from sites.runtime.agent.measuring import Measured, measured
from sites.runtime.agent.open_files import (
    MAX_LOOKS,
    STEP_BYTES,
    Hidden,
    InFlight,
    deleted_but_open,
    processes_below,
    written_bytes,
)
from sites.runtime.memory import offered_mb
from sites.runtime.spec import FolderQuota, FolderUse, MachineLimits, Mount

LOOK_SECONDS = 1.0
STEP_FILES = 10_000
SHARE = 50
"""Measuring a folder again waits so many times as long as it took."""
SOONEST_SECONDS = 5.0
QUIET_SECONDS = 60.0
"""Between two looks at folders whose processes have written nothing meanwhile."""
IDLE_SECONDS = 600.0
"""The same where no process can write."""
CEILING = 1.1
"""Of the quota; up to there an application that was started anew may write, in order to delete."""
GRACE_SECONDS = 600.0
IMMEASURABLE = (
    f"files beyond the limit, folders in folders more than {DEEPEST} deep, more than {MAX_LOOKS:,} open files, or "
    "open files that one process sends to another and that are not received"
)

logger = logging.getLogger(__name__)


class Writer(Protocol):
    """A sandbox that shows folders of a site."""

    is_writing: bool | None
    """Whether its persistent folders can be written; None: a former agent started it."""

    @property
    def owner(self) -> int:
        """Number of the site."""

    @property
    def inside(self) -> int | None:
        """A process of the sandbox; None while there is none."""

    @property
    def mounts(self) -> tuple[Mount, ...]:
        """What it shows."""

    async def let_write(self, is_allowed: bool, why: str) -> None:
        """Make its persistent folders read-only, or writable again."""


@dataclass(slots=True)
class Account:
    """What is known of the folders of one site."""

    quota: FolderQuota
    use: Use = field(default_factory=Use)
    measured_at: float = 0.0
    seconds: float = 0.0
    """How long measuring took."""
    written: int = 0
    """By the processes that ran at the last look; tells only whom to look at first."""
    is_read_only: bool = False
    grace_until: float = 0.0
    in_flight: InFlight = field(default_factory=InFlight)

    def take(self, shown: Measured, hidden: Hidden) -> None:
        """What the folders show, and what only processes have."""
        self.use, self.seconds, self.measured_at = shown.use + hidden.use, shown.seconds, time.monotonic()
        if self.in_flight.may_hide(hidden.in_flight, _free_at(Path(self.quota.folder)).bytes):
            self.use = replace(self.use, is_complete=False)

    def is_above(self, times: float) -> bool:
        """Whether more is used than so many times the quota, or not everything can be measured."""
        quota, use = self.quota, self.use
        too_large = quota.bytes and use.bytes > quota.bytes * times
        too_many = quota.files and use.files > quota.files * times
        return bool(too_large or too_many or not use.is_complete)

    def judge(self) -> bool:
        """Whether its folders are read-only from now on; True when that is new."""
        if self.is_read_only or not self.is_above(1.0):
            was, self.is_read_only = self.is_read_only, self.is_read_only and self.is_above(1.0)
            return was != self.is_read_only
        self.is_read_only = self.is_above(CEILING) or time.monotonic() > self.grace_until
        return self.is_read_only

    def sentence(self) -> str:
        """For the log of the application."""
        if not self.is_read_only:
            return "The persistent folders of this web site can be written."
        return (
            f"The persistent folders of this web site take more than they may ({self._in_words()}), so they can only "
            f"be read now. Restart the web site: for {GRACE_SECONDS / 60:.0f} minutes it can then delete files."
        )

    def _in_words(self) -> str:
        quota, use = self.quota, self.use
        size = f"{use.bytes / 1024**2:,.0f} MB" + (f" of {quota.bytes / 1024**2:,.0f} MB" if quota.bytes else "")
        count = f"{use.files:,}" + (f" of {quota.files:,} files" if quota.files else " files")
        more = "" if use.is_complete else f", and more that cannot be measured: {IMMEASURABLE}"
        return f"{size}, {count}{more}"


class Storage:
    """The persistent folders of all sites of this machine."""

    def __init__(self, state: Path, *, is_enforced: bool) -> None:
        """Without a sandbox nothing can be made read-only: folders are then measured and nothing more."""
        self._path = state / "limits.json"
        self._closed_path = state / "read-only.json"
        self._is_enforced = is_enforced
        stored = read_json(self._path)
        self.limits = codec.machine_limits(stored) if stored else MachineLimits(offered_mb(), 0, 0)
        self._accounts = {quota.owner: Account(quota) for quota in self.limits.quotas}
        for owner in read_json(self._closed_path) or []:
            if owner in self._accounts:
                self._accounts[owner].is_read_only = True
        self._free: Free | None = None

    def keep(self, limits: MachineLimits) -> None:
        """These hold from now on. Raises OSError when they cannot be kept."""
        if limits == self.limits:
            return
        write_json(self._path, codec.encode(limits), is_durable=False)
        self.limits = limits
        former = self._accounts
        self._accounts = {quota.owner: former.get(quota.owner, Account(quota)) for quota in limits.quotas}
        for quota in limits.quotas:
            self._accounts[quota.owner].quota = quota

    def uses(self) -> list[FolderUse]:
        """As measured last."""
        return [
            FolderUse(owner, account.use.bytes, account.use.files, account.is_read_only)
            for owner, account in self._accounts.items()
            if account.measured_at
        ]

    def largest_file(self, owner: int) -> int:
        """No file of a site may appear larger than all of its folders may be; 0: no limit."""
        account = self._accounts.get(owner)
        return account.quota.bytes if account else 0

    def as_allowed(self, owner: int, mounts: tuple[Mount, ...]) -> tuple[Mount, ...]:
        """The mounts of a sandbox that is about to be started."""
        account = self._accounts.get(owner)
        if account is None or not account.is_read_only:
            return mounts
        return tuple(replace(mount, is_writable=mount.is_writable and not _is_of(account, mount)) for mount in mounts)

    def give_grace(self, owner: int) -> None:
        """Somebody has a site started anew: for some time it may write, so that it can delete."""
        account = self._accounts.get(owner)
        if account is not None and account.is_read_only and not account.is_above(CEILING):
            account.grace_until = time.monotonic() + GRACE_SECONDS
            account.is_read_only = False

    async def look(self, writers: Iterable[Writer]) -> None:
        """Measure what is due, and let the running sandboxes write or not."""
        by_owner: dict[int, list[Writer]] = {}
        for writer in writers:
            account = self._accounts.get(writer.owner)
            if account is not None and any(mount.is_writable and _is_of(account, mount) for mount in writer.mounts):
                by_owner.setdefault(writer.owner, []).append(writer)
        due = self._due(by_owner, is_urgent=self._has_fallen())
        accounts = iter(due)
        async for found in measured([(one.quota.folder, int(one.quota.files * CEILING)) for one in due]):
            account = next(accounts)
            here = by_owner.get(account.quota.owner, [])
            hidden = await asyncio.to_thread(_hidden, account.quota.folder, here)
            account.take(found, hidden)
            if self._is_enforced and account.judge():
                self._remember()
                logger.warning("Site %s: %s", account.quota.owner, account.sentence())
                await self._apply(account, here)
        for owner, here in by_owner.items():
            await self._apply(self._accounts[owner], here)

    async def _apply(self, account: Account, writers: list[Writer]) -> None:
        is_allowed = not account.is_read_only
        changed = [writer for writer in writers if writer.is_writing is not is_allowed and writer.inside is not None]
        await asyncio.gather(*(writer.let_write(is_allowed, account.sentence()) for writer in changed))

    def _has_fallen(self) -> bool:
        """Whether much was written since the last time that this was so."""
        folder = next((Path(account.quota.folder) for account in self._accounts.values()), None)
        if folder is None:
            return False
        now = _free_at(folder)
        before = self._free or now
        has_fallen = before.bytes - now.bytes > STEP_BYTES or (before.files or 0) - (now.files or 0) > STEP_FILES
        has_grown = now.bytes > before.bytes or (now.files or 0) > (before.files or 0)
        if has_fallen or has_grown or self._free is None:
            self._free = now
        return has_fallen

    def _due(self, by_owner: dict[int, list[Writer]], *, is_urgent: bool) -> list[Account]:
        """The accounts to be measured, those first whose processes have written most since the last look."""
        now = time.monotonic()
        due: list[tuple[int, Account]] = []
        for owner, account in self._accounts.items():
            is_urgent_here = is_urgent and owner in by_owner
            waited = now - account.measured_at
            is_soon = account.measured_at > 0 and waited <= max(SOONEST_SECONDS, SHARE * account.seconds)
            if is_soon and not is_urgent_here:
                continue
            written = written_bytes(_processes(by_owner.get(owner, [])))
            longest = QUIET_SECONDS if owner in by_owner else IDLE_SECONDS
            longest = SOONEST_SECONDS if account.is_read_only else longest
            if is_urgent_here or not account.measured_at or written != account.written or waited > longest:
                due.append((written - account.written, account))
                account.written = written
        return [account for _written, account in sorted(due, key=lambda item: -item[0])]

    def _remember(self) -> None:
        """An agent that is started meanwhile must know what it finds."""
        closed = [owner for owner, account in self._accounts.items() if account.is_read_only]
        try:
            write_json(self._closed_path, closed, is_durable=False)
        except OSError as error:
            logger.warning("Whose folders are read-only could not be written down: %s", error)


def _is_of(account: Account, mount: Mount) -> bool:
    return Path(mount.source).is_relative_to(account.quota.folder)


def _processes(writers: list[Writer]) -> list[int]:
    return [pid for writer in writers if writer.inside for pid in processes_below(writer.inside)]


def _free_at(folder: Path) -> Free:
    """Of the file system on which a folder lies, or will lie."""
    return free(next(parent for parent in (folder, *folder.parents) if parent.is_dir()))


def _hidden(folder: str, writers: list[Writer]) -> Hidden:
    try:
        return deleted_but_open(_processes(writers), {os.stat(folder).st_dev})
    except OSError:
        return Hidden()
