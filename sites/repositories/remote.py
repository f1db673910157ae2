"""Addresses of repositories elsewhere: which can be taken at all, and where on the network they lead."""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from sites.errors import SourceRefused
from sites.outgoing.addresses import PORTS, authority_of, is_host, port_of, reachable

MAX_LENGTH = 500
"""Characters of an address."""
NAMED_HOSTS = "SOURCE_CONTROL_HOSTS"
"""The setting with hosts that may lead anywhere."""
_PATH = re.compile(r"/[A-Za-z0-9._~%!$&()*+,;=:@/-]+")


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
        return authority_of(self.scheme, self.host, self.port)

    @property
    def url(self) -> str:
        """For git and for people."""
        return f"{self.scheme}://{self.authority}{self.path}"


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
    if not is_host(host):
        raise _refused("names no host", "Type for example https://git.example.org/team/site.git.")
    if not _PATH.fullmatch(split.path) or ".." in split.path.split("/"):
        raise _refused("names no repository on that host", "Type for example https://git.example.org/team/site.git.")
    return Remote(split.scheme, host, port, split.path)


def addresses(remote: Remote, *, owner: str) -> list[str]:
    """Where a fetch may connect to, IPv4 first; looks the name up in the share of `owner`. Raises OutOfReach."""
    return reachable(remote.host, remote.port, setting=NAMED_HOSTS, owner=owner)


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
        return port_of(split)
    except ValueError:
        raise _refused("has no port number behind the ':'", "Leave it out, or use 1 to 65535.") from None


def _refused(what: str, remedy: str) -> SourceRefused:
    return SourceRefused(reason=f"The address of the repository {what}", remedy=remedy)
