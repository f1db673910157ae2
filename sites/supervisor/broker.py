"""Whether the queue's Redis is there, without its library, which would take half of the memory that `up` needs."""

import asyncio
from urllib.parse import urlsplit

from django.conf import settings

SECONDS = 2.0
PORT = 6379


async def is_there() -> bool:
    """Whether something says anything at its address; also one that wants a password or TLS first closes or answers."""
    url = urlsplit(settings.CELERY_BROKER_URL)
    try:
        async with asyncio.timeout(SECONDS):
            if url.hostname:
                reader, writer = await asyncio.open_connection(url.hostname, url.port or PORT)
            else:
                reader, writer = await asyncio.open_unix_connection(url.path)
            try:
                writer.write(b"PING\r\n")
                await reader.read(1)
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
    return True
