"""`manage.py xds`: the xDS server, which tells Envoy the committed route tables."""

import asyncio
from typing import Any

from django.conf import settings
from django.db import close_old_connections

from sites.management.base import GreenroomCommand
from sites.models.fields import decrypt
from sites.router.place import parse_place
from sites.router.xds.daemon import Places, serve
from sites.router.xds.proxies import Proxies
from sites.router.xds.secrets import TlsMaterial
from sites.routing import DatabaseTables
from sites.services import loading, routers
from sites.services.authority import authority, installation_pair


def _tls() -> TlsMaterial:
    own = installation_pair()
    return TlsMaterial(
        decrypt,
        authority(),
        (own.names, own.chain, own.key) if own else None,
        settings.HTTPS_PORT if settings.HTTP3 else 0,
    )


class Command(GreenroomCommand):
    """Runs in the foreground and logs to stderr; ended by SIGTERM."""

    is_refused_by_checks = False  # `up` has checked
    help = "Serve route tables to Envoy."

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until told to stop."""
        places = Places(
            xds_socket=settings.XDS_SOCKET,
            control_socket=settings.XDS_CONTROL_SOCKET,
            web_socket=settings.WEB_SOCKET,
            guard_socket=settings.GUARD_SOCKET,
            last_good=settings.DATA_DIR / "last-good-routes.sqlite3",
            addresses=settings.LISTEN,
            port=settings.PORT,
            portal_hosts=[settings.PORTAL_HOST, "127.0.0.1", "[::1]"],
            silence_seconds=settings.SILENCE_SECONDS,
            tcp=parse_place(settings.XDS_LISTEN) if settings.XDS_LISTEN else None,
            tls_port=settings.TLS_PORT,
            proxies=Proxies(tuple(settings.TRUSTED_PROXIES), settings.PROXY_PROTOCOL),
            tls=_tls() if settings.TLS_PORT else None,
            request_logs=settings.LOG_DIR / "requests",
            collector=settings.COLLECTOR,
        )
        authority = routers.authority() if settings.XDS_LISTEN else None
        asyncio.run(serve(DatabaseTables(loading.wake), places, close_old_connections, authority))
