"""Sign in to a Redis server, and ask for PING.

It is written with asyncio, because a client library connects to a name and not to the address that was checked for it,
and reads whatever length an answer claims to have. Here an answer is one line.
"""

import asyncio
import ssl
from functools import cache

from sites.resources.address import Address

MAX_LINE = 1024
"""Bytes of an answer; more is not that of a Redis."""


async def fault_of(address: Address, at: str) -> str:
    """What keeps one from a PING at an IP address; empty when nothing does. Raises ConnectionError as sockets do."""
    try:
        tls, name = (None, None) if address.tls == "disable" else (_context(), address.host)
        reader, writer = await asyncio.open_connection(at, address.port, limit=MAX_LINE, ssl=tls, server_hostname=name)
    except ssl.SSLCertVerificationError:
        return f"The certificate of '{address.place}' is not trusted by this server."
    except ssl.SSLError:
        return f"'{address.place}' does not speak TLS as the connection string asks for it."
    except OSError as error:
        raise ConnectionError from error
    try:
        return await _converse(reader, writer, address)
    except (OSError, ValueError):
        return _strange(address)
    finally:
        writer.transport.abort()


async def _converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: Address) -> str:
    for words, fault in _questions(address):
        writer.write(_encoded(words))
        await writer.drain()
        answer = await reader.readline()
        if answer.startswith(b"-NOAUTH"):
            return f"'{address.place}' wants a password, and the connection string has none."
        if answer.startswith(b"-LOADING"):
            return f"'{address.place}' is starting."
        if not answer.startswith(b"+"):
            return fault if answer.startswith(b"-") else _strange(address)
    return ""


def _questions(address: Address) -> list[tuple[list[str], str]]:
    """Commands in their order, and what it means when the server refuses one."""
    found = []
    if address.password:
        who = [address.user] if address.user else []
        found.append((["AUTH", *who, address.password], f"'{address.place}' refuses the user or the password."))
    if address.database != "0":
        found.append((["SELECT", address.database], f"'{address.place}' has no such database."))
    return [*found, (["PING"], f"'{address.place}' refuses a PING to this user.")]


def _encoded(words: list[str]) -> bytes:
    """A command as RESP has it: an array of strings, each with its length."""
    parts = [word.encode() for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


def _strange(address: Address) -> str:
    return f"'{address.place}' answers something that is not Redis."


@cache
def _context() -> ssl.SSLContext:
    return ssl.create_default_context()
