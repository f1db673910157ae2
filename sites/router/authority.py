"""The certificates by which routers on TCP and the xDS server know each other, and the authority that makes them.

The authority is one file: its certificate, and its private key encrypted as every secret of the installation is.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sites.errors import RouterRefused
from sites.router.place import SERVER_NAME
from sites.tls.issuing import Issuer, common_name, new_key, pem_of, read_key, sign_itself, write_once, write_private

AUTHORITY_DAYS, ROUTER_DAYS, SERVER_DAYS = 3650, 365, 30

Cipher = Callable[[str], str]
"""Encrypts or decrypts a text as the installation does; decrypting raises any exception without the right key."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says of its holder."""

    name: str
    fingerprint: str
    """SHA-256 of the certificate in DER, in hex."""
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Issued:
    """A new certificate with its private key, as one PEM text."""

    certificate: Certificate
    pem: bytes


def read_certificate(der: bytes) -> Certificate:
    """What a certificate that was verified says. Raises ValueError for what is no certificate with one name."""
    return _described(x509.load_der_x509_certificate(der))


class Authority:
    """Makes certificates; each has a key of its own, which nobody keeps here."""

    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer

    @property
    def pem(self) -> bytes:
        """The authority's own certificate."""
        return self._issuer.certificate.public_bytes(Encoding.PEM)

    def issue_router(self, name: str) -> Issued:
        """For the router of that name, which it can prove with it to the xDS server."""
        return self._issue(name, ROUTER_DAYS, ExtendedKeyUsageOID.CLIENT_AUTH)

    def issue_server(self) -> Issued:
        """For the xDS server."""
        return self._issue(SERVER_NAME, SERVER_DAYS, ExtendedKeyUsageOID.SERVER_AUTH, x509.DNSName(SERVER_NAME))

    def _issue(self, name: str, days: int, usage: x509.ObjectIdentifier, *names: x509.GeneralName) -> Issued:
        certificate, key = self._issuer.issue(common_name(name), timedelta(days=days), usage, names)
        return Issued(_described(certificate), pem_of(key).encode() + certificate.public_bytes(Encoding.PEM))


def open_authority(path: Path, *, encrypt: Cipher, decrypt: Cipher) -> Authority:
    """The authority that lies at `path`, made now if there is none. Raises RouterRefused when it cannot be read."""
    if not path.exists():
        _create(path, encrypt)
    try:
        held = json.loads(path.read_text())
        key = read_key(decrypt(held["key"]))
        certificate = x509.load_pem_x509_certificate(held["certificate"].encode())
    except Exception as error:  # a file that was damaged, or whose key is another one
        raise RouterRefused(
            f"The authority of the routers in {path} cannot be read ({type(error).__name__}). Put back the file, or "
            "the key file that it was made with. If both are lost, remove it, restart Greenroom, and give each router "
            "new credentials: ./greenroom router credentials NAME"
        ) from error
    return Authority(Issuer(certificate, key))


def replace_token(path: Path, renew: Cipher) -> bool:
    """Encrypt the authority's key anew by `renew`, which takes and returns a token; False where nothing has changed."""
    held = json.loads(path.read_text())
    token = renew(held["key"])
    if token == held["key"]:
        return False
    write_private(path, json.dumps(held | {"key": token}))
    return True


def _create(path: Path, encrypt: Cipher) -> None:
    key = new_key()
    certificate = sign_itself("Greenroom routers", key, timedelta(days=AUTHORITY_DAYS))
    held = {"certificate": certificate.public_bytes(Encoding.PEM).decode(), "key": encrypt(pem_of(key))}
    write_once(path, json.dumps(held))


def _described(certificate: x509.Certificate) -> Certificate:
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if len(names) != 1:
        raise ValueError("a certificate without exactly one name")
    return Certificate(str(names[0].value), certificate.fingerprint(SHA256()).hex(), certificate.not_valid_after_utc)
