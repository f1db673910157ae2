"""One `up` per data folder: a lock that ends with its process, and the name of who holds it."""

import fcntl
import json
import os
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from sites.errors import AlreadyUp, NotUp

TRIES = 4


@dataclass(frozen=True, slots=True)
class Holder:
    """The `up` that holds a data folder."""

    pid: int
    since: float
    """Seconds since the epoch."""
    address: str
    """Of the portal."""
    port: int
    listen: tuple[str, ...]
    isolation: str
    """The level that the machine gives: strong, partial or none."""


class UpLock:
    """The lock file of a data folder. The descriptor survives an exec, so a restart never lets go of it."""

    def __init__(self, folder: Path) -> None:
        self._lock = folder / "up.lock"
        self._holder = folder / "up.json"
        self._descriptor = -1

    def take(self, *, inherited: int | None = None) -> None:
        """Take the lock, or go on with the one inherited over an exec. Raises AlreadyUp."""
        if inherited is not None:
            self._descriptor = inherited
            os.set_inheritable(inherited, False)
            return
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        for _ in range(TRIES):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(0.1)  # a glance of another command at the lock lasts a moment
            else:
                self._descriptor = descriptor
                return
        os.close(descriptor)
        holder = self.holder()
        if holder is None:
            raise AlreadyUp("Greenroom is just being started here. Use ./greenroom status in a moment.")
        since = datetime.fromtimestamp(holder.since, UTC).strftime("%H:%M UTC")
        raise AlreadyUp(since=since, pid=holder.pid, address=holder.address)

    def announce(self, holder: Holder) -> None:
        """Say who holds it."""
        temporary = self._holder.with_suffix(f".{os.getpid()}")
        temporary.write_text(json.dumps(asdict(holder)))
        temporary.replace(self._holder)

    def hand_over(self) -> int:
        """The descriptor, open across the exec that follows."""
        os.set_inheritable(self._descriptor, True)
        return self._descriptor

    def release(self) -> None:
        """Let another `up` begin."""
        self._holder.unlink(missing_ok=True)
        os.close(self._descriptor)
        self._descriptor = -1

    def is_held(self) -> bool:
        """Whether some `up` runs."""
        try:
            descriptor = os.open(self._lock, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def holder(self) -> Holder | None:
        """The last `up` that announced itself; it need not run any more."""
        try:
            data = json.loads(self._holder.read_text())
            return Holder(**{**data, "listen": tuple(data["listen"])})
        except (FileNotFoundError, ValueError, TypeError, KeyError):
            return None


def running_up(folder: Path, data: Path) -> Holder:
    """The `up` of a data folder. Raises NotUp."""
    lock = UpLock(folder)
    holder = lock.holder()
    if holder is None or not lock.is_held():
        raise NotUp(data=data)
    return holder
