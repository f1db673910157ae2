"""The web server: `python -m sites.supervisor.web DESCRIPTOR`, one uvicorn on a socket that `up` holds open."""

import os
import resource
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress

import django
import uvicorn
from django.utils.module_loading import import_string

from sites.door.application import Door
from sites.supervisor.ready_file import WEB, say_ready

KEEP_ALIVE_SECONDS = 3900  # longer than Envoy keeps an idle connection, so that only Envoy closes them
GRACEFUL_SECONDS = 10
SWITCH_SECONDS = 0.0002
"""How long one thread keeps Python's interpreter while others want it. With the default of 5 ms, a page takes two to
four times as long (p95) while two other threads compute."""
HEADER_BYTES = 128 * 1024
"""More than the router lets through, so that the router alone limits them."""


class WebServer(uvicorn.Server):
    """Reports to `up` that it is ready. A connection proves nothing, since the socket outlives its servers."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Load the portal and take connections."""
        await super().startup(sockets)
        say_ready(WEB)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer waiting publications with 202, and finish the other requests within GRACEFUL_SECONDS."""
        self.config.app.let_go()  # type: ignore[union-attr]
        await super().shutdown(sockets)


def main(arguments: Sequence[str]) -> None:
    """Serve on the socket with this descriptor until SIGTERM, then finish what has begun."""
    os.umask(0o077)
    sys.setswitchinterval(SWITCH_SECONDS)
    _raise_open_files()
    django.setup()
    config = configuration(import_string("portal.asgi.application"))
    WebServer(config).run(sockets=[socket.socket(fileno=int(arguments[0]))])


def configuration(application: Door) -> uvicorn.Config:
    """How uvicorn serves the door. It logs through Django's LOGGING."""
    return uvicorn.Config(
        application,
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


def _raise_open_files() -> None:
    """Each client that is slow or waits needs a descriptor, and the usual soft limit is 1,024."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    main(sys.argv[1:])
