"""What an attempt is, what it aims at, and the register of all of them."""

import errno
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

REFUSALS = frozenset({errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EROFS})
"""What a process is answered that may not do something."""


class Group(StrEnum):
    """What an attempt is after."""

    RIGHTS = "rights"
    FILES = "files"
    PROCESSES = "processes"
    KERNEL = "kernel"
    SOCKETS = "sockets"
    NETWORK = "network"


ANYWHERE = frozenset({"root", "user", "none"})
IN_A_SANDBOX = frozenset({"root", "user"})
AS_ROOT = frozenset({"root"})
"""Modes of isolation in which an attempt has to fail: as docs/security.md has it for the levels."""


@dataclass(frozen=True, slots=True)
class Aim:
    """What this installation has that a site must not reach; as JSON between processes."""

    mode: str
    """root, user or none: how sites are confined here."""
    kind: str
    """instance, build or release: what the process is for."""
    data: str
    """Greenroom's data folder on the host."""
    sockets: list[str]
    """Unix sockets of its parts."""
    agent_pid: int
    folder: str
    """A persistent folder of the site, as it sees it; empty without one."""
    loopback_port: int
    """Something listens there on the host's 127.0.0.1."""
    host_port: int
    """Something listens there on every address of the host."""
    neighbours: list[tuple[str, int]] = field(default_factory=list)
    """Addresses and ports of other sites' instances."""

    def as_dict(self) -> dict[str, Any]:
        """For json.dumps; `Aim(**loaded)` is the way back."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way out. `try_it` answers with what it got, and with nothing, or OSError, when it got nothing."""

    name: str
    group: Group
    modes: frozenset[str]
    kinds: frozenset[str]
    refused_with: frozenset[int]
    try_it: Callable[[Aim], object]

    def is_due(self, aim: Aim) -> bool:
        """Whether it has to fail where it is aimed."""
        return aim.mode in self.modes and aim.kind in self.kinds


KINDS = frozenset({"instance", "build", "release"})
ATTEMPTS: dict[str, Attempt] = {}


def register(
    name: str,
    group: Group,
    try_it: Callable[[Aim], object],
    *,
    modes: frozenset[str] = ANYWHERE,
    kinds: frozenset[str] = KINDS,
    refused_with: tuple[int, ...] = (),
) -> None:
    """Add an attempt. `refused_with` are errors that refuse it beside those that always do."""
    if name in ATTEMPTS:
        raise ValueError(f"the attempt '{name}' is there twice")
    ATTEMPTS[name] = Attempt(name, group, modes, kinds, REFUSALS | frozenset(refused_with), try_it)


def attempt(
    group: Group,
    *,
    modes: frozenset[str] = ANYWHERE,
    kinds: frozenset[str] = KINDS,
    refused_with: tuple[int, ...] = (),
) -> Callable[[Callable[[Aim], object]], Callable[[Aim], object]]:
    """Register a function under its name, with spaces."""

    def add(function: Callable[[Aim], object]) -> Callable[[Aim], object]:
        name = function.__name__.replace("_", " ")
        register(name, group, function, modes=modes, kinds=kinds, refused_with=refused_with)
        return function

    return add
