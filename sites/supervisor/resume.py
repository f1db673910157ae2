"""What `up` takes with it when it replaces itself by the present code."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass

VARIABLE = "GREENROOM_RESUME"


@dataclass(frozen=True, slots=True)
class Resume:
    """Handed over an exec, which keeps the process, its children and the descriptors named here."""

    lock: int
    """Descriptor of the data folder's lock."""
    web_socket: int
    """Descriptor that the web server listens on."""
    restarts: int
    """How often this `up` was asked to restart."""
    since: float
    """Seconds since the epoch when it was first started."""
    isolation: str
    """The level that was found at the first start."""


def taken_over(environment: Mapping[str, str]) -> Resume | None:
    """What the former code of this process left; None at a first start."""
    value = environment.get(VARIABLE)
    return Resume(**json.loads(value)) if value else None


def replace_self(resume: Resume) -> None:
    """Become the present code; returns only by raising OSError."""
    for descriptor in (resume.lock, resume.web_socket):
        os.set_inheritable(descriptor, True)
    environment = {**os.environ, VARIABLE: json.dumps(asdict(resume))}
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)  # noqa: S606
