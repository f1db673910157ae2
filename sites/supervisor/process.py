"""One running process, started by this `up` or by one before it."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from sites.runtime.agent.identity import Identity, identify, parent_of


class Process:
    """A process held by a descriptor, so that a signal never reaches a stranger."""

    def __init__(
        self,
        identity: Identity,
        child: subprocess.Popen[bytes] | None = None,
        *,
        survives: bool = False,
        is_child: bool = False,
    ) -> None:
        """Raises ProcessLookupError when the process has ended, unless it is a child, which is still to be reaped."""
        self.identity = identity
        is_child = is_child or child is not None
        self._owns_group = not survives and (is_child or parent_of(identity.pid) == os.getpid())
        self._child = child  # kept from collection, which would reap behind our back
        self._descriptor = os.pidfd_open(identity.pid)
        self._ended = asyncio.Event()
        self.exit_code: int | None = None
        """Negative: the signal that ended it. None while it runs, and when it was not a child."""
        if not is_child and not identity.is_alive():
            os.close(self._descriptor)
            raise ProcessLookupError(identity.pid)
        asyncio.get_running_loop().add_reader(self._descriptor, self._on_end)

    @classmethod
    def start(
        cls,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        output: Path,
        folder: Path,
        descriptors: Sequence[int] = (),
        survives: bool = False,
    ) -> "Process":
        """Start a command in a session of its own, so that Ctrl-C reaches `up` alone.

        `output` is the pipe that takes what it writes; what has no room there is lost and holds nobody up.

        Unless it `survives`, the kernel sends it SIGTERM when `up` dies. That signal belongs to the thread which
        forks: call this from the main thread only.
        """
        prefix = () if survives else ("setpriv", "--pdeathsig", "TERM", "--")
        pipe = os.open(output, os.O_RDWR | os.O_NONBLOCK)
        try:
            child = subprocess.Popen(
                [*prefix, *command],
                stdin=subprocess.DEVNULL,
                stdout=pipe,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                cwd=folder,
                pass_fds=tuple(descriptors),
                start_new_session=True,
            )
        finally:
            os.close(pipe)
        return cls(_identity_of_child(child.pid), child, survives=survives)

    @classmethod
    def of_child(cls, pid: int) -> "Process":
        """A child of this process that somebody else has started."""
        return cls(_identity_of_child(pid), is_child=True)

    @property
    def pid(self) -> int:
        """Its number."""
        return self.identity.pid

    @property
    def has_ended(self) -> bool:
        """Whether the end was noticed."""
        return self._ended.is_set()

    async def wait(self) -> None:
        """Return when it has ended."""
        await self._ended.wait()

    def send(self, number: int) -> None:
        """Signal it, if it still runs."""
        if not self.has_ended:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._descriptor, number)

    def kill_group(self) -> None:
        """End it with all that it started in its session."""
        if not self.has_ended:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
            self.send(signal.SIGKILL)

    def let_go(self) -> None:
        """Stop watching; the process goes on."""
        if not self.has_ended:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            os.close(self._descriptor)

    def _on_end(self) -> None:
        if self._owns_group:  # what it left behind; its zombie keeps the number from strangers
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        asyncio.get_running_loop().remove_reader(self._descriptor)
        os.close(self._descriptor)
        if self._child is not None:
            self.exit_code = self._child.wait()
        else:
            with suppress(ChildProcessError):
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                self.exit_code = os.waitstatus_to_exitcode(status) if pid else None
        self._ended.set()


def _identity_of_child(pid: int) -> Identity:
    """Of a child that may have ended already: its zombie still holds the number."""
    return identify(pid) or Identity(pid, 0, "")


def describe_end(exit_code: int | None) -> str:
    """How a process ended, for people."""
    if exit_code is None:
        return "ended"
    if exit_code < 0:
        return f"was ended by signal {-exit_code} ({signal.Signals(-exit_code).name})"
    return f"ended with code {exit_code}"
