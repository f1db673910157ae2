"""Commands inside the machine, by way of QEMU's guest agent: a socket, no network, the same after a reboot.

The protocol is JSON, a line each way: https://www.qemu.org/docs/master/interop/qemu-ga-ref.html
"""

import base64
import itertools
import json
import secrets
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.machine.progress import report

ANSWER_SECONDS = 600.0
"""For a question that the guest agent answers at once. A busy emulator is slow."""
SYNC_SECONDS = 5.0
POLL_SECONDS = 0.5
REPORT_SECONDS = 60.0
DELIMITER = b"\xff"
"""Ends whatever the guest agent has read so far, and begins an answer to guest-sync-delimited."""


@dataclass(frozen=True, slots=True)
class Done:
    """A command that has ended."""

    code: int
    """128 + n when signal n ended it."""
    out: str
    err: str

    def __str__(self) -> str:
        return f"code {self.code}\n{self.out}{self.err}".rstrip()


class Guest:
    """The guest agent's end of a unix socket that QEMU holds open."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._socket: socket.socket | None = None
        self._rest = b""

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def wait(self, seconds: float) -> None:
        """Return when the guest agent answers. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with suppress(OSError):  # QEMU has not opened its socket yet, or nobody answers
                self._synchronise()
                return
            time.sleep(POLL_SECONDS)
        raise TimeoutError(f"The machine's guest agent did not answer within {seconds:.0f} s.")

    def run(self, command: Sequence[str], *, given: str = "", seconds: float) -> Done:
        """One command as root, to its end. Raises TimeoutError; the command then goes on."""
        began = time.monotonic()
        path, *arguments = command
        order = {"path": path, "arg": arguments, "capture-output": True}
        if given:
            order["input-data"] = base64.b64encode(given.encode()).decode()
        pid = self._ask("guest-exec", **order)["pid"]
        for turn in itertools.count(1):
            status = self._ask("guest-exec-status", pid=pid)
            if status["exited"]:
                return _done(status)
            ran = time.monotonic() - began
            if ran > seconds:
                raise TimeoutError(f"Not done after {seconds:.0f} s in the machine: {' '.join(command)[:200]}")
            if turn * POLL_SECONDS % REPORT_SECONDS == 0:
                report(f"still at it after {ran:.0f} s: {' '.join(command)[:100]}")
            time.sleep(POLL_SECONDS)
        raise AssertionError("counting ended")

    def _ask(self, name: str, **arguments: Any) -> Any:
        self._send({"execute": name, "arguments": arguments})
        answer = json.loads(self._line(ANSWER_SECONDS))
        if "error" in answer:
            raise OSError(f"The machine's guest agent refused {name}: {answer['error'].get('desc')}")
        return answer["return"]

    def _synchronise(self) -> None:
        """Throw away what is left of former questions, the guest's boot before included."""
        if self._socket is None:
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.connect(str(self._path))
            except OSError:
                connection.close()
                raise
            self._socket = connection
        token = secrets.randbits(31)
        self._send({"execute": "guest-sync-delimited", "arguments": {"id": token}}, before=DELIMITER)
        deadline = time.monotonic() + SYNC_SECONDS
        while time.monotonic() < deadline:
            line = self._line(deadline - time.monotonic()).rpartition(DELIMITER)[2]
            with suppress(ValueError):
                if json.loads(line).get("return") == token:
                    return
        raise TimeoutError("The guest agent answers something else.")

    def _send(self, message: dict[str, Any], *, before: bytes = b"") -> None:
        assert self._socket is not None, "nobody has waited for the guest agent"
        self._socket.settimeout(ANSWER_SECONDS)
        self._socket.sendall(before + json.dumps(message).encode() + b"\n")

    def _line(self, seconds: float) -> bytes:
        assert self._socket is not None
        deadline = time.monotonic() + seconds
        while b"\n" not in self._rest:
            self._socket.settimeout(max(0.01, deadline - time.monotonic()))
            received = self._socket.recv(1 << 16)
            if not received:
                self.close()
                raise ConnectionError("The machine has ended.")
            self._rest += received
        line, _, self._rest = self._rest.partition(b"\n")
        return line


def _done(status: dict[str, Any]) -> Done:
    code = 128 + status["signal"] if "signal" in status else status.get("exitcode", 0)
    out, err = (base64.b64decode(status.get(name, "")).decode(errors="replace") for name in ("out-data", "err-data"))
    return Done(code, out, err)
