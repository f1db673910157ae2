"""The web server: `python -m sites.supervisor.web DESCRIPTOR`, one uvicorn on a socket that `up` holds open."""

import os
import resource
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress

import django
import uvicorn
from django.conf import settings
from django.utils.module_loading import import_string

READY_FILE = settings.RUN_DIR / "web.ready"
"""Holds the pid of the server that has loaded the portal."""
KEEP_ALIVE_SECONDS = 3900  # longer than Envoy keeps an idle connection, so that only Envoy closes them
GRACEFUL_SECONDS = 10
SWITCH_SECONDS = 0.0002
"""So long a thread may keep the interpreter from others who want it. With the usual 5 ms, pages that are made while two
archives are unpacked take twice as long (p95)."""
HEADER_BYTES = 128 * 1024
"""More than the router lets through, so that the router alone limits them."""


class WebServer(uvicorn.Server):
    """Tells `up` when it is ready; the socket alone cannot, since it outlives its servers."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Load the portal and take connections."""
        await super().startup(sockets)
        temporary = READY_FILE.with_suffix(f".{os.getpid()}")
        temporary.write_text(str(os.getpid()))
        temporary.replace(READY_FILE)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Who waits for a publication learns where to look; the rest is answered, for GRACEFUL_SECONDS at most."""
        self.config.app.let_go()  # type: ignore[union-attr]
        await super().shutdown(sockets)


def main(arguments: Sequence[str]) -> None:
    """Serve on the descriptor that is named until SIGTERM, then answer what has begun."""
    os.umask(0o077)
    sys.setswitchinterval(SWITCH_SECONDS)
    _raise_open_files()
    django.setup()
    config = uvicorn.Config(
        import_string("portal.asgi.application"),
        http="h11",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # the door reads them
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
        h11_max_incomplete_event_size=HEADER_BYTES,
    )
    WebServer(config).run(sockets=[socket.socket(fileno=int(arguments[0]))])


def _raise_open_files() -> None:
    """Each client that is slow or waits costs a descriptor; the usual soft limit of 1,024 would soon be reached."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    main(sys.argv[1:])
