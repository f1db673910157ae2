"""`manage.py guard`: whom Envoy asks before it lets a visitor into a slot that is not open to everybody."""

import asyncio
from typing import Any

from django.conf import settings
from django.db import close_old_connections

from sites.keyring import Purpose, key_file
from sites.management.base import GreenroomCommand
from sites.router.guard.daemon import GuardPlaces, serve
from sites.router.guard.rule import Rule
from sites.visiting import rules


def _read() -> list[Rule]:
    close_old_connections()
    return rules()


def _keys() -> tuple[bytes, ...]:
    return key_file(settings.KEY_FILE).read().derived(Purpose.VISITS)


class Command(GreenroomCommand):
    """Runs in the foreground and logs to stderr; ended by SIGTERM."""

    is_refused_by_checks = False  # `up` has checked
    help = "Decide who may visit slots that are not open to everybody."

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until told to stop."""
        places = GuardPlaces(settings.GUARD_SOCKET, settings.GUARD_CONTROL_SOCKET, settings.PORTAL_URL)
        asyncio.run(serve(_read, _keys, places))
