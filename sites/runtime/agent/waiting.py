"""Waiting for processes that need not be our children, and for their ports."""

import asyncio
import os
import time

from sites.runtime.agent.identity import Identity, open_pidfd

CHECK_SECONDS = 0.01
SLOWEST_CHECK_SECONDS = 0.25
CONNECT_SECONDS = 2.0


async def wait_for_end(identity: Identity | None, timeout_seconds: float | None = None) -> bool:
    """Waits until exactly that process has ended; False when the time was over first."""
    descriptor = open_pidfd(identity)
    if descriptor is None:
        return True
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(descriptor, ended.set)
    try:
        async with asyncio.timeout(timeout_seconds):
            await ended.wait()
    except TimeoutError:
        return False
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
    return True


async def wait_until_listening(address: str, port: int) -> None:
    """Connects until that works: often at first, for most servers start fast."""
    pause = CHECK_SECONDS
    while True:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                _, writer = await asyncio.open_connection(address, port)
            writer.close()
            return
        except (OSError, TimeoutError):
            await asyncio.sleep(pause)
            pause = min(pause * 1.05, SLOWEST_CHECK_SECONDS)


def collect(pid: int) -> None:
    """Frees the entry of a child that has ended; others' children are not ours to collect."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def boot_seconds() -> float:
    """Seconds since boot: the same clock before and after a restart of the agent, untouched by wall time."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
