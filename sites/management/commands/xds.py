"""`manage.py xds`: the xDS server, which tells Envoy the committed route tables."""

import asyncio
from typing import Any

from django.conf import settings
from django.db import close_old_connections

from sites.management.base import GreenroomCommand
from sites.router.xds.daemon import Places, serve
from sites.routing import DatabaseTables


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
            last_good=settings.DATA_DIR / "last-good-routes.sqlite3",
            addresses=settings.LISTEN,
            port=settings.PORT,
            portal_hosts=[settings.PORTAL_HOST, "127.0.0.1", "[::1]"],
            silence_seconds=settings.SILENCE_SECONDS,
            request_logs=settings.LOG_DIR / "requests",
        )
        asyncio.run(serve(DatabaseTables(), places, before_call=close_old_connections))
