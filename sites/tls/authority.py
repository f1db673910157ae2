"""The installation's own authority: certificates for host names that have none from elsewhere.

People who trust it get no warning of their browser; `./greenroom trust` says how. Its certificate and its encrypted key
lie in the data folder. Each name gets a certificate when it is first asked for, so there is no wildcard below a
top-level name, which browsers refuse.
"""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from sites.tls.issuing import Issuer, new_key, pem_of, read_key, sign_itself, write_once

CERTIFICATE, KEY = "authority.crt", "authority.key"
LIFE = timedelta(days=3650)
LEAF_LIFE = timedelta(days=90)
_NAME = "Greenroom of this server"


@dataclass(frozen=True, slots=True)
class Authority:
    """Issues certificates."""

    issuer: Issuer

    @property
    def certificate(self) -> x509.Certificate:
        """Its own."""
        return self.issuer.certificate

    def issue(self, *names: str) -> tuple[str, str]:
        """Chain and key, both PEM, for host names and addresses."""
        alternatives = [_general_name(name) for name in names]
        leaf, key = self.issuer.issue(x509.Name([]), LEAF_LIFE, ExtendedKeyUsageOID.SERVER_AUTH, alternatives)
        return leaf.public_bytes(Encoding.PEM).decode(), pem_of(key)


def open_authority(folder: Path, *, encrypt: Callable[[str], str], decrypt: Callable[[str], str]) -> Authority:
    """The authority whose files lie in `folder`, made if there is none yet. Raises what `decrypt` raises."""
    certificate, key_file = folder / CERTIFICATE, folder / KEY
    if not certificate.exists():
        write_once(key_file, encrypt(pem_of(new_key())))
        key = read_key(decrypt(key_file.read_text()))
        signed = sign_itself(f"{_NAME}, {datetime.now(UTC):%Y-%m-%d %H:%M}", key, LIFE)
        write_once(certificate, signed.public_bytes(Encoding.PEM).decode())
    key = read_key(decrypt(key_file.read_text()))
    return Authority(Issuer(x509.load_pem_x509_certificate(certificate.read_bytes()), key))


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name.strip("[]")))
    except ValueError:
        return x509.DNSName(name)
