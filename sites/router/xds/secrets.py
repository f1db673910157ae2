"""Which certificate is given for which host name: each is a secret, fetched with the first handshake for the name."""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from envoy.extensions.transport_sockets.tls.v3 import secret_pb2

from sites.router.table import OWN, RouteTable
from sites.router.xds.resource import Kind, Resource, resource
from sites.tls.authority import Authority
from sites.tls.pair import covers

DEFAULT = "without-name"
"""What Envoy asks for if a client names no host. No host name is called so: it has no dot."""

INSTALLATION = "installation"
"""The installation's own certificate, for those who do not ask by host names one by one. No host name is called so."""

QUIC = "http3".ljust(256, "/")
"""In front of the names for HTTP/3. Where two parts of Envoy ask by one name, the second one waits for ever. It is
longer than any name that a client can ask for (255 bytes), or strangers could come first."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TlsMaterial:
    """From where certificates come beside those of slots."""

    open_key: Callable[[str], str]
    """Decrypts the key of a certificate in a route table."""
    authority: Authority
    """Issues for every host name here that has no other certificate."""
    own: tuple[tuple[str, ...], str, str] | None = None
    """Names, chain and key (PEM) of the installation's own certificate."""
    http3_port: int = 0
    """Where visitors find HTTP/3; 0: nowhere."""


def wildcard_of(host: str) -> str:
    """The wildcard that stands for `host`: one label less, with '*' in its place."""
    return f"*.{host.partition('.')[2]}"


def host_of(name: str) -> str:
    """The host name in the name of a secret."""
    return name.removeprefix(QUIC)


class Secrets:
    """The secrets of all sites."""

    def __init__(self, material: TlsMaterial, portal_hosts: Sequence[str]) -> None:
        self._material = material
        self._portal_hosts = [host.strip("[]") for host in portal_hosts]
        self._bound: dict[str, Resource] = {}
        self._own: dict[str, Resource] = {}
        """The installation's automatic ones; a wildcard among them is given at every host name below it."""
        self._issued: dict[str, Resource] = {}
        self._quic: tuple[str, ...] | None = None

    @property
    def quic(self) -> tuple[str, ...]:
        """The secrets for HTTP/3: the installation's, or else the portal's, and those of slots in their order."""
        if self._quic is None:
            first = INSTALLATION if self._material.own else DEFAULT
            self._quic = tuple(QUIC + name for name in (first, *sorted({*self._own, *self._bound})))
        return self._quic

    def port_of_http3(self, host: str) -> int:
        """Where visitors of a host name find HTTP/3 with a certificate for it that browsers may trust; 0: nowhere."""
        own = self._material.own
        is_covered = host in self._bound or covers((*self._own, *(own[0] if own else ())), host)
        return self._material.http3_port if is_covered else 0

    def put(self, before: RouteTable | None, table: RouteTable | None) -> frozenset[str]:
        """Take a site's certificates in place of those it had; the host names whose secret has become another."""
        if OWN in {one.site_id for one in (before, table) if one}:
            return self._put_own(table)
        former = {host for one in before.certificates for host in one.hosts} if before else set()
        fresh = {host: made for host, made in self._made_of(table)} if table else {}
        changed = {host for host, made in fresh.items() if self._bound.get(host) != made} | (former - fresh.keys())
        for host in former - fresh.keys():
            self._bound.pop(host, None)
        self._bound.update(fresh)
        if former != fresh.keys():
            self._quic = None
        if before is not None:
            kept = {route.host for route in table.hosts} if table else set()
            for route in before.hosts:
                if route.host not in kept:
                    self._issued.pop(route.host, None)
        return frozenset(changed)

    def _put_own(self, table: RouteTable | None) -> frozenset[str]:
        former, self._own = self._own, dict(self._made_of(table)) if table else {}
        if former.keys() != self._own.keys():
            self._quic = None
        names = former.keys() | self._own.keys()
        return frozenset(name for name in names if former.get(name) != self._own.get(name))

    def find(self, name: str, host: str | None) -> Resource | None:
        """The secret for the name that a client asks for, where `host` is the host name or wildcard that answers at it.

        None: there is none, and the handshake fails. So strangers cannot have certificates issued for other names.
        """
        found = self._find(host_of(name), host)
        return found if found is None or found.name == name else _renamed(found, name)

    def _find(self, name: str, host: str | None) -> Resource | None:
        own = self._material.own
        if name == DEFAULT:
            return self._issue(name, self._portal_hosts)
        if name == INSTALLATION and own is not None:
            return _secret(name, own[1], own[2])
        if host is None:
            return self._own.get(name)
        found = self._bound.get(host) or self._own.get(host) or self._own.get(wildcard_of(host))
        if found is None and own is not None and covers(own[0], host):
            found = _secret(host, own[1], own[2])
        return found or self._issue(host, [host])

    def _made_of(self, table: RouteTable) -> Iterable[tuple[str, Resource]]:
        for certificate in table.certificates:
            try:
                key = self._material.open_key(certificate.key)
            except Exception as error:  # whatever a keyring raises: one site's key keeps no other from being served
                logger.error("The key of a certificate of '%s' cannot be read: %r", table.site, error)
                continue
            for host in certificate.hosts:
                yield host, _secret(host, certificate.chain, key)

    def _issue(self, name: str, names: Sequence[str]) -> Resource:
        if name not in self._issued:
            self._issued[name] = _secret(name, *self._material.authority.issue(*names))
        return self._issued[name]


def _secret(name: str, chain: str, key: str) -> Resource:
    certificate = {"certificate_chain": {"inline_string": chain}, "private_key": {"inline_string": key}}
    return resource(Kind.SECRET, name, secret_pb2.Secret(name=name, tls_certificate=certificate))


def _renamed(one: Resource, name: str) -> Resource:
    """The same certificate as a secret of another name: a wildcard's, for a host name below it."""
    secret = secret_pb2.Secret()
    one.message.resource.Unpack(secret)
    secret.name = name
    return resource(Kind.SECRET, name, secret)
