"""The layer in which an application may write beside its code: who gets one, and what lies in it."""

import asyncio
import os
import stat
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from sites.disk import trees
from sites.plain_text import visible
from sites.runtime.agent.identity import Identity, identify
from sites.runtime.agent.layer_plan import Folder, Plan
from sites.runtime.agent.overlay import FOLDER, UPPER
from sites.runtime.agent.sandbox import APP
from sites.runtime.spec import Limits, Mount, Written

PART = 4
"""A layer lies in memory and counts as the instance's; it may take a quarter of that."""
MAX_FILES = 65_536
FULL = 0.98
"""The application meets ENOSPC soon, or has met it."""
PLACES_SHOWN = 8
DEEPEST_PLACE = 2
"""Folders that a place is named by."""
MAX_LOOKED_AT = 10_000
LOOK_SECONDS = 5.0
LONG_LOOK_SECONDS = 60.0
"""After so long the names are read again also where the layer takes what it took before."""
SHARE = 50
"""Looking again waits so many times as long as it took."""
MADE_AGAIN = frozenset(("__pycache__", ".cache", ".vite", ".vite-temp", ".mypy_cache", ".parcel-cache"))
"""Folders that tools fill anew when they are gone, so nobody needs to keep them."""

AT_END = (
    "it has ended, and what it had written beside its code is gone: {written}. Put what is to stay into a persistent "
    "folder; one can lie anywhere in the content."
)
WHEN_FULL = (
    f"what it has written beside its code takes all that it may: a quarter of its memory, or {MAX_FILES:,} files. It "
    "can write no more there. Put it into a persistent folder."
)


@dataclass(frozen=True, slots=True)
class Parts:
    """The mounts of a sandbox by who makes them."""

    content: Mount | None
    """What may get a layer: a content that is shown read-only."""
    inside: tuple[Mount, ...]
    """Persistent folders inside the content."""
    others: tuple[Mount, ...]


def parts_of(mounts: Iterable[Mount]) -> Parts:
    """A folder that a build writes into is no content, and what lies inside it is not apart from it."""
    given = tuple(mounts)
    content = next((mount for mount in given if mount.target == APP and not mount.is_writable), None)
    if content is None:
        return Parts(None, (), given)
    inside = tuple(mount for mount in given if mount.target.startswith(f"{APP}/"))
    return Parts(content, inside, tuple(mount for mount in given if mount not in (content, *inside)))


def plan_of(parts: Parts, folder: Path, limits: Limits, *, user: int | None) -> Plan | None:
    """The layer of a sandbox whose own folder that is; None for one without a content. `user` as in Plan."""
    if parts.content is None:
        return None
    return Plan(
        content=parts.content.source,
        place=str(place_of(folder)),
        user=user,
        size_bytes=limits.memory_mb * 1024 * 1024 // PART,
        max_files=MAX_FILES,
        folders=tuple(
            Folder(mount.source, mount.target.removeprefix(f"{APP}/").rstrip("/"), mount.is_writable)
            for mount in parts.inside
        ),
    )


def place_of(folder: Path) -> Path:
    """Where a sandbox has its layer mounted, in its own view of the machine."""
    return folder / "layer"


class Layer:
    """The layer of one sandbox. It is kept open, so that the last look is possible when the sandbox has ended."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.written = Written()
        """As of the last look."""
        self._fill = (0, 0)
        self._is_full = self._is_closed = False
        self._in_turn = asyncio.Lock()
        self._looked_at = self._next_look_at = 0.0

    @classmethod
    def of(cls, monitor: Identity, folder: Path) -> "Layer | None":
        """By the monitor's view of the machine, also for one that a former agent started; None without a layer."""
        place = f"/proc/{monitor.pid}/root{place_of(folder)}/{UPPER}"
        try:
            descriptor = os.open(place, FOLDER)
        except OSError:
            return None
        if identify(monitor.pid) != monitor:
            os.close(descriptor)
            return None
        return cls(descriptor)

    async def look(self, note: Callable[[str], None]) -> None:
        """Find out what was written, where that may have changed; `note` gets a sentence for the sandbox's log."""
        async with self._in_turn:
            if self._is_closed:
                return
            is_full, self._is_full = self._is_full, self._has_no_room()
            if self._is_full and not is_full:
                note(WHEN_FULL)
            now = time.monotonic()
            has_changed = self._fill != self._present_fill() or now - self._looked_at > LONG_LOOK_SECONDS
            if has_changed and now >= self._next_look_at:
                await asyncio.to_thread(self._read)

    async def end(self, note: Callable[[str], None]) -> None:
        """The sandbox has ended: say what is gone with it, and give its memory back."""
        async with self._in_turn:
            try:
                await asyncio.to_thread(self._read)
                if self.written.files:
                    note(AT_END.format(written=self.written))
            finally:
                self._is_closed = True
                os.close(self._descriptor)

    def _read(self) -> None:
        self._fill = self._present_fill()
        began = time.monotonic()
        self.written = _written(f"/proc/self/fd/{self._descriptor}/.")
        self._looked_at = time.monotonic()
        self._next_look_at = self._looked_at + max(LOOK_SECONDS, SHARE * (self._looked_at - began))

    def _has_no_room(self) -> bool:
        found = os.fstatvfs(self._descriptor)
        return found.f_bfree < (1 - FULL) * found.f_blocks or found.f_ffree < (1 - FULL) * found.f_files

    def _present_fill(self) -> tuple[int, int]:
        found = os.fstatvfs(self._descriptor)
        return found.f_bfree, found.f_ffree


def _written(top: str) -> Written:
    places: dict[str, None] = {}
    files = looked_at = 0
    try:
        for entry in trees.entries_below(top):
            looked_at += 1
            if looked_at > MAX_LOOKED_AT:
                break
            # What was deleted of the content stands there as a device
            if (stat.S_ISREG(entry.mode) or stat.S_ISLNK(entry.mode)) and not MADE_AGAIN & set(entry.path.split("/")):
                files += 1
                places[_place(entry.path)] = None
    except OSError:
        pass  # folders deeper than anybody looks, or one that is just going away: what was found is told
    return Written(tuple(sorted(places)[:PLACES_SHOWN]), max(0, len(places) - PLACES_SHOWN), files)


def _place(path: str) -> str:
    """A file beside the code by its name; others by the folder that they lie in."""
    *folders, name = path.split("/")
    return visible("/".join((*folders[:DEEPEST_PLACE], "")) if folders else name)
