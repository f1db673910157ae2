"""The address of an event target, as a person types it."""

import re
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from sites.errors import TargetRefused
from sites.outgoing.addresses import PORTS, is_host, is_named, port_of
from sites.outgoing.request import Destination

MAX_LENGTH = 2000
"""Characters; addresses of Teams have some hundred."""
NAMED_HOSTS = "WEBHOOK_HOSTS"
"""The setting with hosts that may lead anywhere, also by http://."""
EXAMPLE = "Type for example https://hooks.example.org/greenroom."
_TARGET = re.compile(r"/[A-Za-z0-9._~%!$&'()*+,;=:@/?-]*")


def parse(text: str) -> Destination:
    """Where it leads. Raises TargetRefused."""
    typed = text.strip()
    split = _split(typed)
    if split.scheme not in PORTS:
        raise _refused("does not begin with https://", EXAMPLE)
    if "@" in split.netloc:
        raise _refused("contains a user or a password", "Leave them out; every request is signed.")
    if split.fragment:
        raise _refused("has a part behind '#'", "Leave it out.")
    try:
        port = port_of(split)
    except ValueError:
        raise _refused("has no port number behind the ':'", "Leave it out, or use 1 to 65535.") from None
    host = (split.hostname or "").rstrip(".")
    target = (split.path or "/") + (f"?{split.query}" if split.query else "")
    if not is_host(host):
        raise _refused("names no host", EXAMPLE)
    if not _TARGET.fullmatch(target):
        raise _refused("holds a sign that an address cannot have", EXAMPLE)
    if split.scheme == "http" and not is_named(host, port, settings.WEBHOOK_HOSTS):
        raise _refused(
            "begins with http://, which everybody between can read",
            f"Use https://, or ask the administrator to name the host in {NAMED_HOSTS}.",
        )
    return Destination(split.scheme, host, port, target)


def _split(typed: str) -> SplitResult:
    if not typed or len(typed) > MAX_LENGTH or not typed.isascii() or any(character <= " " for character in typed):
        raise _refused(
            f"is empty, longer than {MAX_LENGTH} characters, or holds a blank or a letter that is not ASCII", EXAMPLE
        )
    try:
        return urlsplit(typed)
    except ValueError:
        raise _refused("cannot be read", EXAMPLE) from None


def _refused(what: str, remedy: str) -> TargetRefused:
    return TargetRefused(reason=f"The address {what}", remedy=remedy)
