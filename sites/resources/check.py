"""Whether a database answers: connected to at checked addresses only, as whom its connection string says, within 5 s.

What is found is a sentence of ours: nothing that the other side said, and nothing of the secret.
"""

import asyncio

from sites.errors import ResourceRefused
from sites.outgoing.addresses import OutOfReach, begin_look_up, checked, leads_nowhere
from sites.resources import postgresql, redis_server
from sites.resources.address import POSTGRESQL, Address, parse

SECONDS = 5.0
"""Of a whole check: look-up, connection, TLS, sign-in."""
NAMED_HOSTS = "RESOURCE_HOSTS"
"""The setting with hosts that may lead anywhere."""


async def fault_of(engine: str, text: str, *, owner: str) -> str:
    """Why the database of a connection string does not answer, as a sentence; empty when it does.

    The look-up is in the share of `owner`.
    """
    try:
        address = parse(engine, text)
    except ResourceRefused as refusal:
        return f"It cannot be checked: {refusal.values['reason']}."
    try:
        async with asyncio.timeout(SECONDS):
            return await _ask(address, await _places(address, owner))
    except TimeoutError:
        return f"'{address.place}' has not answered within {SECONDS:.0f} s."
    except OutOfReach as refusal:
        return f"{refusal.why[:1].upper()}{refusal.why[1:]}. {refusal.remedy}"


async def _places(address: Address, owner: str) -> list[str]:
    """The checked addresses of the host. Raises OutOfReach."""
    try:
        answers = await asyncio.wrap_future(begin_look_up(address.host, address.port, owner))
    except (OSError, UnicodeError) as error:
        raise leads_nowhere(address.host, error) from None
    return checked(address.host, address.port, answers, setting=NAMED_HOSTS)


async def _ask(address: Address, places: list[str]) -> str:
    """The first place that takes a connection decides."""
    for place in places:
        try:
            if address.engine == POSTGRESQL:
                return await postgresql.fault_of(address, place)
            return await redis_server.fault_of(address, place)
        except ConnectionError:
            continue
    return f"'{address.place}' does not take the connection."
