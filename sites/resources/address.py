"""What a connection string says. Its text is a secret, so no sentence here repeats any of it but host and port."""

from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from sites.errors import ResourceRefused
from sites.outgoing.addresses import is_host

POSTGRESQL, REDIS = "postgresql", "redis"
MAX_LENGTH = 2000
"""Characters of a connection string."""
EXAMPLES = {
    POSTGRESQL: "postgresql://USER:PASSWORD@HOST:5432/DATABASE",
    REDIS: "redis://USER:PASSWORD@HOST:6379/0, or rediss:// for TLS",
}
TLS_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
"""Of libpq; Redis has the first and the last."""
_USUAL_PORTS = {POSTGRESQL: 5432, REDIS: 6379}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a database is, and as whom it is asked."""

    engine: str
    host: str
    """Without the brackets of IPv6."""
    port: int
    database: str
    user: str
    password: str = field(repr=False)
    tls: str
    """One of TLS_MODES."""

    @property
    def place(self) -> str:
        """Host and port, for people."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse(engine: str, text: str) -> Address:
    """Read the connection string of a POSTGRESQL or a REDIS. Raises ResourceRefused."""
    if engine not in EXAMPLES:
        raise ResourceRefused(reason="it is neither PostgreSQL nor Redis")
    text = text.strip()
    if not text or len(text) > MAX_LENGTH or not text.isprintable():
        raise ResourceRefused(
            reason=f"its connection string is empty, longer than {MAX_LENGTH} characters, or has signs that nobody can "
            f"type. Write {EXAMPLES[engine]}"
        )
    address = _postgresql(text) if engine == POSTGRESQL else _redis(text)
    if not is_host(address.host):
        raise _unclear(engine, "names no host, or more than one")
    if not 1 <= address.port <= 65535:
        raise _unclear(engine, "has a port that is no number from 1 to 65535")
    if not f"{address.user}{address.password}{address.database}".isprintable():
        raise _unclear(engine, "has a sign in its user, password or database that nobody can type")
    return address


def _postgresql(text: str) -> Address:
    """As libpq reads it; what would name a file of this server is left out."""
    try:
        said = {name: str(value) for name, value in conninfo_to_dict(text).items()}
    except (psycopg.Error, ValueError):
        raise _unclear(POSTGRESQL, "cannot be read") from None
    if not said.get("user") or not said.get("dbname"):
        raise _unclear(POSTGRESQL, "names no user, or no database")
    tls = said.get("sslmode", "prefer")
    if tls not in TLS_MODES:
        raise _unclear(POSTGRESQL, f"has an sslmode that is none of {', '.join(TLS_MODES)}")
    return Address(
        engine=POSTGRESQL,
        host=said.get("host", "").lower(),
        port=_number(said.get("port", ""), _USUAL_PORTS[POSTGRESQL]),
        database=said["dbname"],
        user=said["user"],
        password=said.get("password", ""),
        tls=tls,
    )


def _redis(text: str) -> Address:
    """An address of the scheme redis or rediss."""
    try:
        split = urlsplit(text)
        host, port = split.hostname or "", _port_of(split)
    except ValueError:
        raise _unclear(REDIS, "cannot be read") from None
    database = split.path.strip("/") or "0"
    if split.scheme not in ("redis", "rediss"):
        raise _unclear(REDIS, "begins with neither redis:// nor rediss://")
    if not (database.isascii() and database.isdecimal() and len(database) < 6):
        raise _unclear(REDIS, "has a database that is no number")
    return Address(
        engine=REDIS,
        host=host,
        port=port,
        database=database,
        user=unquote(split.username or ""),
        password=unquote(split.password or ""),
        tls="verify-full" if split.scheme == "rediss" else "disable",
    )


def _port_of(split: SplitResult) -> int:
    return _USUAL_PORTS[REDIS] if split.port is None else split.port


def _number(text: str, usual: int) -> int:
    """0 for what is no number."""
    if not text:
        return usual
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0


def _unclear(engine: str, what: str) -> ResourceRefused:
    return ResourceRefused(reason=f"its connection string {what}. Write {EXAMPLES[engine]}")
