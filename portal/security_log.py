"""Who signed in and out, and who tried to, in the log of the web server."""

import logging
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.http import HttpRequest

from portal.client_address import client_address

logger = logging.getLogger(__name__)


def connect() -> None:
    """Listen from now on; once, however often it is called."""
    user_logged_in.connect(note_sign_in, dispatch_uid="security log")
    user_logged_out.connect(note_sign_out, dispatch_uid="security log")
    user_login_failed.connect(note_failure, dispatch_uid="security log")


def note_sign_in(request: HttpRequest, user: Any, **_: object) -> None:
    """A session has begun."""
    logger.info("'%s' signed in from %s.", user.get_username(), _address(request))


def note_sign_out(request: HttpRequest, user: Any, **_: object) -> None:
    """A session was ended by its person."""
    if user is not None:
        logger.info("'%s' signed out.", user.get_username())


def note_failure(credentials: dict[str, Any], request: HttpRequest | None = None, **_: object) -> None:
    """The name stands here only if somebody has it: people type passwords into the wrong field."""
    name = str(credentials.get("username", ""))
    is_known = get_user_model()._default_manager.filter(username__iexact=name).exists()
    logger.warning("A sign-in as %s from %s failed.", f"'{name}'" if is_known else "nobody", _address(request))


def _address(request: HttpRequest | None) -> str:
    return client_address(request) if request else "the server"
