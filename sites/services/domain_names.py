"""Which texts can be custom domain names, and how one is written: as A-labels in lower case."""

import ipaddress
from urllib.parse import urlsplit

import idna
from django.conf import settings

from sites.errors import DomainRefused

WILDCARD = "*."
LONGEST = 253
_NAME_ONLY = "Type the name alone, for example www.example.org."


def domain_name(text: str) -> str:
    """The name that `text` means: 'www.BÜCHER.example.' is 'www.xn--bcher-kva.example'. Raises DomainRefused."""
    typed = text.strip()
    shown = typed[:80]
    if len(typed) > LONGEST:
        raise DomainRefused(name=shown, reason=f"a domain name has at most {LONGEST} characters", remedy=_NAME_ONLY)
    prefix = WILDCARD if typed.startswith(WILDCARD) else ""
    rest = typed.removeprefix(prefix)
    if not rest or any(sign in rest for sign in "/:@*? "):
        raise DomainRefused(name=shown, reason="it is not a host name", remedy=_NAME_ONLY)
    try:
        name = prefix + idna.encode(rest.rstrip("."), uts46=True, std3_rules=True).decode()
    except (idna.IDNAError, UnicodeError) as error:
        raise DomainRefused(name=shown, reason=f"it is not a host name ({error})", remedy=_NAME_ONLY) from None
    fault = _fault(name)
    if fault is not None:
        raise DomainRefused(name=shown, reason=fault, remedy="Choose a name of your own, for example www.example.org.")
    return name


def _fault(name: str) -> str | None:
    labels = name.removeprefix(WILDCARD).split(".")
    if len(name) > LONGEST:
        return f"a domain name has at most {LONGEST} characters"
    if len(labels) < 2:
        return "it has one label only"
    if labels[-1].isdecimal() or _is_address(name):
        return "it is an address"
    if _is_ours(name):
        return "it belongs to this installation, or would cover a name that does"
    return None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_ours(name: str) -> bool:
    """Names of the portal, and all below the suffix: there lie the addresses of every slot and publishing host."""
    suffixes = {settings.SUFFIX, "localhost"}
    portal = {settings.PORTAL_HOST, urlsplit(settings.PORTAL_URL).hostname or ""}
    plain = name.removeprefix(WILDCARD)
    if plain in suffixes or plain.endswith(tuple(f".{suffix}" for suffix in suffixes)) or name in portal:
        return True
    covered = {host.partition(".")[2] for host in portal | suffixes} if name != plain else set()
    return plain in covered
