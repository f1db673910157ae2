"""What the installation says of automatic certificates by its settings."""

import os

from django.conf import settings

from sites.acme.records import Place
from sites.acme.shapes import DNS, Access, kind_for

HOOK_VARIABLES = ("PATH", "HOME", "LANG")
"""Of the environment of Greenroom, which holds secrets, the program of the installation gets these."""

OWN_NAMES = ("portal", "publishing", "sites")
"""What ACME_FOR can name: the portal's host, and by wildcards all publishing hosts and all sites' own addresses."""


def own_names() -> tuple[str, ...]:
    """The installation's own host names and wildcards that get automatic certificates; none without TLS of its own."""
    hosts = (settings.PORTAL_HOST, f"*.scm.{settings.SUFFIX}", f"*.{settings.SUFFIX}")
    known = dict(zip(OWN_NAMES, hosts, strict=True))
    return tuple(known[word] for word in settings.ACME_FOR) if settings.TLS_PORT else ()


def access(*, key: str, uri: str) -> Access:
    """The authority, and the account that asks it."""
    return Access(
        directory=settings.ACME_DIRECTORY,
        trust=settings.ACME_TRUST,
        contact=settings.ACME_CONTACT,
        account_key=key,
        account_uri=uri,
        binding_id=settings.ACME_BINDING_ID,
        binding_key=settings.ACME_BINDING_KEY,
    )


def records() -> Place:
    """Where the records for a proof by DNS are written."""
    return Place(
        server=settings.ACME_DNS_SERVER,
        key_name=settings.ACME_DNS_KEY_NAME,
        key=settings.ACME_DNS_KEY,
        algorithm=settings.ACME_DNS_ALGORITHM,
        hook=settings.ACME_DNS_HOOK,
    )


def hook_environment() -> dict[str, str]:
    """What the hook finds in its environment."""
    return {name: os.environ[name] for name in HOOK_VARIABLES if name in os.environ}


def why_not(name: str) -> str:
    """Why no certificate can be ordered for a host name, as a half-sentence; '' where it can be tried."""
    if not settings.ACME_DIRECTORY:
        return "this installation has no authority that issues certificates automatically (ACME_DIRECTORY)"
    if not settings.HTTPS_PORT:
        return "this installation does not speak TLS (--tls-port)"
    if name.endswith(".localhost") or name == "localhost" or "." not in name.removeprefix("*."):
        return "it is a name of this machine alone, for which no authority issues any"
    if kind_for(name) == DNS and not records().is_known:
        return "a wildcard is proven by DNS, and no DNS server is set for that (ACME_DNS_SERVER or ACME_DNS_HOOK)"
    return ""
