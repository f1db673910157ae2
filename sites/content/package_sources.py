"""Where the administrator's environment has builds fetch packages from, and what of it they do not reach."""

import ipaddress
import os
import re
import socket
from collections.abc import Iterator

SOURCES = re.compile(
    r"^(PIP_(EXTRA_)?INDEX_URL|UV_(DEFAULT_INDEX|INDEX|INDEX_URL|EXTRA_INDEX_URL)|NPM_CONFIG_REGISTRY"
    r"|(HTTPS?|ALL)_PROXY)$",
    re.IGNORECASE,
)
HOST = re.compile(r"(?:^|://|\s)(?:[^/@\s]*@)?(?P<host>\[[^\]\s]+\]|[^/:\s\[\]=]+)(?=[:/\s]|$)")
"""In a URL, or in 'name:port' as proxies are also written."""


def on_this_machine() -> list[str]:
    """Variables that lead to this machine itself: a build with a network of its own does not reach them."""
    return sorted(
        name for name, value in os.environ.items() if SOURCES.match(name) and any(map(_is_here, _hosts(value)))
    )


def _hosts(value: str) -> Iterator[str]:
    """The host of each URL in a list separated by spaces; names of indexes (`name=URL`) are left out."""
    for word in value.split():
        url = re.sub(r"^[A-Za-z0-9_.-]+=(?=\w+://)", "", word)
        if match := HOST.search(url if "://" not in url else url[url.index("://") :]):
            yield match["host"].strip("[]").lower()


def _is_here(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost") or host == socket.gethostname().lower():
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((host, 0))  # which only addresses of this machine allow
    except OSError:
        return address.is_loopback
    return True
