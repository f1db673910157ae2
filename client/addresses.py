"""Where a web site and its slots are in the API."""

from urllib.parse import quote

from client.exits import Ended, Exit

NO_STEPS = ("", ".", "..")
"""An address with one of them would lead elsewhere."""


def step(name: str) -> str:
    """A name as one step of an address. Raises Ended."""
    if name in NO_STEPS:
        raise Ended(Exit.REFUSED, f"'{name}' cannot be a name, so nothing was done. 'greenroom sites' lists yours.")
    return quote(name, safe="")


def place(site: str, slot: str | None = None) -> str:
    """The address of a web site, or of its slot. Raises Ended."""
    address = f"/sites/{step(site)}"
    return address if slot is None else f"{address}/slots/{step(slot)}"
