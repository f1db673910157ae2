"""What the processes of a sandbox have on disk although no folder shows it, and how much they have written."""

import os
import stat
from collections.abc import Iterable, Iterator

from sites.disk.use import BLOCK, Use
from sites.runtime.agent.identity import children_of


def processes_below(pid: int) -> list[int]:
    """A process and all that it has started, directly or not."""
    found = [pid]
    for each in found:
        found.extend(children_of(each))
    return found


def deleted_but_open(pids: Iterable[int], device: int) -> Use:
    """Files of a file system that have no name any more and live on because a process has them open or mapped."""
    sizes: dict[int, int] = {}
    for pid in pids:
        for path in (*_below(f"/proc/{pid}/fd"), *_deleted_maps(pid)):
            try:
                found = os.stat(path)
            except OSError:
                continue
            if found.st_dev == device and found.st_nlink == 0 and stat.S_ISREG(found.st_mode):
                sizes[found.st_ino] = found.st_blocks * BLOCK
    return Use(sum(sizes.values()), len(sizes))


def written_bytes(pids: Iterable[int]) -> int:
    """What they and their former children have caused to be written: proc(5), write_bytes."""
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/io") as file:
                total += next(int(line.split()[1]) for line in file if line.startswith("write_bytes"))
        except (OSError, StopIteration):
            continue
    return total


def _below(folder: str) -> Iterator[str]:
    try:
        names = os.listdir(folder)
    except OSError:
        return
    for name in names:
        yield f"{folder}/{name}"


def _deleted_maps(pid: int) -> Iterator[str]:
    try:
        with open(f"/proc/{pid}/maps", errors="replace") as file:
            for line in file:
                if line.endswith("(deleted)\n"):
                    yield f"/proc/{pid}/map_files/{line.split(' ', 1)[0]}"
    except OSError:
        return
