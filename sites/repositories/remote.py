"""Addresses of repositories elsewhere: which can be taken at all, and where on the network they lead.

A fetch connects to the addresses that were looked up and checked here, and to no others: what a name server says a
moment later, and what the other side redirects to, changes nothing.
"""

import ipaddress
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from sites.errors import SourceRefused

MAX_LENGTH = 500
"""Characters of an address."""
LOOK_UP_SECONDS = 5.0
"""No fetch keeps a worker for longer because of a name server that does not answer."""
_LOOK_UPS = ThreadPoolExecutor(4, thread_name_prefix="look-up")
PORTS = {"https": 443, "http": 80}
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?\.?")
_PATH = re.compile(r"/[A-Za-z0-9._~%!$&()*+,;=:@/-]+")
CLOUD_SECRETS = tuple(
    map(ipaddress.ip_network, ("100.100.100.200/32", "168.63.129.16/32", "192.0.0.0/24", "fd00:ec2::/32"))
)
"""Where clouds tell a machine its secrets, beside link-local addresses."""
SHARED = ipaddress.ip_network("100.64.0.0/10")
"""RFC 6598: private, although Python does not call it so."""
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Unfetchable(Exception):
    """Where an address leads is no place to fetch from."""

    def __init__(self, why: str, remedy: str, *, is_passing: bool = False) -> None:
        """Both as parts of the sentence of FetchFailed; `is_passing`: it may be otherwise in a moment."""
        super().__init__(why)
        self.why = why
        self.remedy = remedy
        self.is_passing = is_passing


@dataclass(frozen=True, slots=True)
class Remote:
    """The address of a repository, checked and in one spelling."""

    scheme: str
    host: str
    """Without the brackets of IPv6."""
    port: int
    path: str

    @property
    def authority(self) -> str:
        """As in the address: host, and the port unless it is the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """For git and for people."""
        return f"{self.scheme}://{self.authority}{self.path}"

    @property
    def is_allowed_inside(self) -> bool:
        """Whether the installation allows this host, wherever it leads."""
        named = {name.lower() for name in settings.SOURCE_CONTROL_HOSTS}
        return bool(named & {self.host, f"{self.host}:{self.port}", self.authority})


def parse(text: str) -> Remote:
    """The repository at an address that a person typed. Raises SourceRefused."""
    typed = text.strip()
    split = _split(typed)
    allowed = ("https", "http") if settings.SOURCE_CONTROL_HTTP else ("https",)
    if split.scheme not in PORTS:
        raise _refused("does not begin with https://", "Type the address with which 'git clone' fetches it by HTTPS.")
    if split.scheme not in allowed:
        raise _refused(
            "begins with http://, which sends code and credentials readable for others",
            "Use https://, or ask the administrator to set SOURCE_CONTROL_HTTP=1.",
        )
    if "@" in split.netloc:
        raise _refused("contains a user or a password", "Type them into the fields for them, where they are encrypted.")
    if split.query or split.fragment or "?" in typed or "#" in typed:
        raise _refused("has a part behind '?' or '#'", "Leave it out.")
    port = _port(split)
    host = (split.hostname or "").rstrip(".")
    if not _is_host(host):
        raise _refused("names no host", "Type for example https://git.example.org/team/site.git.")
    if not _PATH.fullmatch(split.path) or ".." in split.path.split("/"):
        raise _refused("names no repository on that host", "Type for example https://git.example.org/team/site.git.")
    return Remote(split.scheme, host, port, split.path)


def addresses(remote: Remote) -> list[str]:
    """Where a fetch may connect to: what the host's name leads to now, IPv4 first.

    Looks the name up, which may take seconds. Raises Unfetchable for a name that leads nowhere, or to this machine,
    to link-local addresses, to where clouds keep secrets, or to private networks if PRIVATE_NETWORKS refuses them.
    """
    found = _look_up(remote)
    if not remote.is_allowed_inside:
        for address in found:
            if (where := _forbidden(address)) is not None:
                raise Unfetchable(
                    f"'{remote.host}' leads to {address}, {where}",
                    "Use another address, or ask the administrator to name the host in SOURCE_CONTROL_HOSTS.",
                )
    return [str(address) for address in found]


def _split(typed: str) -> SplitResult:
    if not typed or len(typed) > MAX_LENGTH or not typed.isascii() or any(character <= " " for character in typed):
        raise _refused(
            f"is empty, longer than {MAX_LENGTH} characters, or holds a blank or a letter that is not ASCII",
            "Type for example https://git.example.org/team/site.git.",
        )
    try:
        return urlsplit(typed)
    except ValueError:
        raise _refused("cannot be read", "Type for example https://git.example.org/team/site.git.") from None


def _port(split: SplitResult) -> int:
    try:
        if split.port == 0:
            raise ValueError
        return split.port or PORTS[split.scheme]
    except ValueError:
        raise _refused("has no port number behind the ':'", "Leave it out, or use 1 to 65535.") from None


def _is_host(host: str) -> bool:
    try:
        return ipaddress.ip_address(host) is not None
    except ValueError:
        # What looks like a number would be read as an address by some programs and as a name by others
        return bool(_HOST.fullmatch(host)) and not re.fullmatch(r"(0x)?[0-9a-f.]*", host)


def _refused(what: str, remedy: str) -> SourceRefused:
    return SourceRefused(reason=f"The address of the repository {what}", remedy=remedy)


def _look_up(remote: Remote) -> list[Address]:
    look = partial(socket.getaddrinfo, remote.host, remote.port, type=socket.SOCK_STREAM)
    try:
        answers = _LOOK_UPS.submit(look).result(LOOK_UP_SECONDS)
    except TimeoutError:
        raise Unfetchable(
            f"no name server has said within {LOOK_UP_SECONDS:.0f} s where '{remote.host}' leads",
            "Try again later.",
            is_passing=True,
        ) from None
    except (OSError, UnicodeError) as error:
        raise Unfetchable(
            f"the name '{remote.host}' leads nowhere",
            "Fix it, or try again when it is known.",
            is_passing=isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN,
        ) from None
    found = {ipaddress.ip_address(str(sockaddr[0]).partition("%")[0]) for *_, sockaddr in answers}
    return sorted(found, key=lambda address: (address.version, address))


def _forbidden(address: Address) -> str | None:
    """What is at an address that no fetch may reach; None for all others."""
    mapped = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    if mapped is not None:
        return _forbidden(mapped)
    if address.is_loopback or address.is_unspecified or _is_of_this_machine(address):
        return "this machine itself"
    if address.is_link_local or any(
        address in network for network in CLOUD_SECRETS if network.version == address.version
    ):
        return "where clouds tell a machine its secrets"
    if address.is_multicast or address.is_reserved:
        return "which is no address of a host"
    if settings.PRIVATE_NETWORKS != "allow" and (address.is_private or (address.version == 4 and address in SHARED)):
        return "a private network"
    return None


def _is_of_this_machine(address: Address) -> bool:
    """An address can be bound on the machine that has it, and nowhere else."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True
