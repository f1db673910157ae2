"""Visitors over TLS, in a process of their own: whoever asks for swaps must not slow them down."""

from collections.abc import Callable, Sequence
from functools import partial

from tools.bench.apart import Apart
from tools.prober.load import Load
from tools.prober.over_tls import clients
from tools.prober.records import Record


class SecureVisitors(Apart[list[Record]]):
    """A context manager: visitors come from its entry to its exit; then `seen` holds what they saw."""

    def __init__(self, name: str, address: tuple[str, int], hosts: Sequence[str], authority: str) -> None:
        super().__init__("visitors", partial(_visit, name, address, hosts, authority))


def _visit(
    name: str, address: tuple[str, int], hosts: Sequence[str], authority: str, until_the_end: Callable[[], None]
) -> list[Record]:
    with Load(clients(name, address, hosts, authority)) as load:
        until_the_end()
    return load.records
