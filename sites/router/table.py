"""What a router has to know about one web site: its host names and the clusters behind them."""

from dataclasses import dataclass
from enum import StrEnum

PORTAL_CLUSTER = "portal"
"""The cluster of Greenroom's own web process; publishing host names lead there."""
OWN = 0
"""In place of a site's id: a table without host names, which has the installation's own certificates."""
MAX_PAGE_BYTES = 32 * 1024
"""Of a page that a router answers with and that people have written."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where one instance listens."""

    address: str
    port: int


@dataclass(frozen=True, slots=True)
class Sighting:
    """One instance as its runtime reports it."""

    cluster: str
    """The name of its revision's cluster."""
    endpoint: Endpoint | None
    """None: it has no place yet, or its runtime does not know it yet."""
    is_running: bool
    """It accepts connections there."""
    ordinal: int = 0
    """Which of the revision's instances it is."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """The endpoints of one revision. The name is the revision's and is never used again after removal."""

    name: str
    endpoints: tuple[Endpoint, ...]
    speaks_http2: bool = False
    """HTTP/2 without TLS, and nothing else."""


class Page(StrEnum):
    """A page that the router answers by itself where no instance may."""

    STOPPED = "stopped"
    """403: the slot is stopped."""
    STARTING = "starting"
    """503 with Retry-After: the slot is wanted but has no live revision yet."""


@dataclass(frozen=True, slots=True)
class Maintenance:
    """What visitors get while it is there: 503 with this page, whatever they ask for."""

    html: str
    """Empty: the router's own."""
    retry_after_seconds: int


@dataclass(frozen=True, slots=True)
class HostRoute:
    """One host name: all its requests go to `cluster`, or get `page` when there is none."""

    host: str
    """An A-label in lower case without a dot at the end, or an address."""
    slot: str
    """The slot as its instances are told, by a request header."""
    cluster: str | None
    page: Page | None = None
    is_indexed: bool = True
    """False adds `X-Robots-Tag: noindex` to every answer (staging)."""
    allows_web_sockets: bool = True
    https_only_port: int = 0
    """Where a request by plain HTTP is sent instead, by TLS; 0: it is taken."""
    refuses_tls_1_2: bool = False
    """Requests over TLS 1.2 get a page that asks for 1.3."""
    hsts_days: int = 0
    """With `https_only_port`: answers tell browsers to keep to HTTPS for so long (RFC 6797), unless they say it."""
    proofs: tuple[tuple[str, str], ...] = ()
    """What an authority that issues certificates (ACME) has to find here: pairs of a token and an answer."""
    speaks_http2: bool = False
    """So does the cluster."""
    slot_id: int = 0
    """By which requests are counted and logged."""
    is_logged: bool = False
    """Each request is a line of the slot's web server log."""
    maintenance: Maintenance | None = None
    is_held: bool = False
    """Its instances have ended because nobody came: each request waits until they run again."""
    rule: str = ""
    """By which rule of the slot the guard lets visitors in; another text with each change. Empty: it is not asked."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate and the host names at which it is given to clients; a wildcard begins with '*.'."""

    hosts: tuple[str, ...]
    chain: str
    """PEM, the leaf first."""
    key: str
    """Its private key, encrypted by the installation's keyring."""


@dataclass(frozen=True, slots=True)
class RouteTable:
    """All routes of one site at one version; a pure function of committed rows (invariant I6)."""

    site_id: int
    site: str
    version: int
    hosts: tuple[HostRoute, ...]
    clusters: tuple[Cluster, ...]
    """Every cluster to offer, also those to which no host leads (warm, retained or draining revisions)."""
    certificates: tuple[Certificate, ...] = ()
