"""How one Envoy of this machine takes over from another without a lost request: Envoy's own hot restart.

The new one asks the one before for its listening sockets, so no connection that waits in them is lost, and for what
it counts, so nothing is counted twice. Once it serves, the one before takes no new connection, ends each open one with
its next answer, and ends itself after FINISH_SECONDS. Until then both are connected to the xDS server.
"""

import json
import secrets
from contextlib import suppress
from pathlib import Path

from django.conf import settings

FINISH_SECONDS = 300
"""For what the one before still serves. It is longer than a connection is kept without a request."""
RUN = "run"
"""In the metadata of the bootstrap file: which of the two an Envoy is."""
_ID_FILE = "envoy-base-id"
"""In the run folder. Envoy writes here by which number it is found; a random one, so that no stranger can take it."""
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  # where Envoy puts it
_FLAGS_BYTES = 8
"""The last word of what Envoys share. It is not zero while one of them starts."""


def words(predecessors: int) -> tuple[str, ...]:
    """What the command line of an Envoy says besides, which has so many before it; the first takes over from nobody."""
    metadata = {"node": {"metadata": {RUN: secrets.token_hex(8)}}}
    place = (
        ("--base-id", _base_id(), "--restart-epoch", str(predecessors))
        if predecessors
        else ("--use-dynamic-base-id", "--base-id-path", str(settings.RUN_DIR / _ID_FILE))
    )
    return (
        *("--config-yaml", json.dumps(metadata)),
        *place,
        # In the run folder, which is closed to others: whoever is asked here gives his listening sockets away
        *("--socket-path", str(settings.RUN_DIR / "r"), "--socket-mode", "600"),
        *("--drain-strategy", "immediate", "--parent-shutdown-time-s", str(FINISH_SECONDS)),
    )


def is_possible() -> bool:
    """Whether the Envoy that runs can be taken over from; one of a release before this could not."""
    return _memory() is not None


def let_try_again() -> None:
    """After a successor that ended while it started: Envoy refuses another one until its mark is taken away."""
    memory = _memory()
    if memory is not None:
        with suppress(OSError), memory.open("r+b") as file:
            file.seek(-_FLAGS_BYTES, 2)
            file.write(bytes(_FLAGS_BYTES))


def tidy() -> None:
    """Once no Envoy runs: remove what it leaves behind."""
    memory = _memory()
    if memory is not None:
        memory.unlink(missing_ok=True)
    (settings.RUN_DIR / _ID_FILE).unlink(missing_ok=True)
    for socket in settings.RUN_DIR.glob("r_*"):
        socket.unlink(missing_ok=True)


def _base_id() -> str:
    try:
        text = (settings.RUN_DIR / _ID_FILE).read_text().strip()
    except OSError:
        return ""
    return text if text.isdecimal() else ""


def _memory() -> Path | None:
    base_id = _base_id()
    path = _SHARED_MEMORY / f"envoy_shared_memory_{int(base_id or 0) * 10}"
    return path if base_id and path.is_file() else None
