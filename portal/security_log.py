"""Who signed in and out and what was refused, in the log of the web server, and how a typed name stands there."""

import logging
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.http import HttpRequest

from sites.throttling.address import client_address

logger = logging.getLogger(__name__)


def connect() -> None:
    """Listen from now on; once, however often it is called."""
    user_logged_in.connect(note_sign_in, dispatch_uid="security log")
    user_logged_out.connect(note_sign_out, dispatch_uid="security log")


def note_sign_in(request: HttpRequest, user: Any, **_: object) -> None:
    """A session has begun."""
    logger.info("'%s' signed in from %s.", user.get_username(), client_address(request))


def note_sign_out(request: HttpRequest, user: Any, **_: object) -> None:
    """A session was ended by its person."""
    if user is not None:
        logger.info("'%s' signed out.", user.get_username())


def note_refusal(request: HttpRequest, what: str) -> None:
    """Something that proves who somebody is was not accepted: 'A passkey'."""
    logger.warning("%s from %s was refused.", what, client_address(request))


def shown(name: str) -> str:
    """A name that somebody typed. It is written out only if an account has it: people type passwords there too."""
    is_known = get_user_model()._default_manager.filter(username__iexact=name).exists()
    return f"'{name}'" if is_known else "an unknown name"
