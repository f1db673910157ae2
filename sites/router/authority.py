"""The certificates by which routers on TCP and the xDS server know each other, and the authority that makes them.

The authority is one file: its certificate, and its private key encrypted as every secret of the installation is.
"""

import json
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sites.errors import RouterRefused
from sites.router.place import SERVER_NAME

AUTHORITY_DAYS, ROUTER_DAYS, SERVER_DAYS = 3650, 365, 30
SKEW = timedelta(hours=1)
"""A certificate is valid from so long ago, for clocks that are late."""

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

    def __init__(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        self._certificate = certificate
        self._key = key

    @property
    def pem(self) -> bytes:
        """The authority's own certificate."""
        return self._certificate.public_bytes(Encoding.PEM)

    def issue_router(self, name: str) -> Issued:
        """For the router of that name, which it can prove with it to the xDS server."""
        return self._issue(name, ROUTER_DAYS, (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]),))

    def issue_server(self) -> Issued:
        """For the xDS server."""
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        return self._issue(SERVER_NAME, SERVER_DAYS, (usage, x509.SubjectAlternativeName([x509.DNSName(SERVER_NAME)])))

    def _issue(self, name: str, days: int, more: tuple[x509.ExtensionType, ...]) -> Issued:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_named(name), key.public_key(), days).issuer_name(self._certificate.subject)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_usage(digital_signature=True), critical=True)
        for extension in (x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), *more):
            builder = builder.add_extension(extension, critical=False)
        certificate = builder.sign(self._key, SHA256())
        return Issued(_described(certificate), _pem_of(key) + certificate.public_bytes(Encoding.PEM))


def open_authority(path: Path, *, encrypt: Cipher, decrypt: Cipher) -> Authority:
    """The authority that lies at `path`, made now if there is none. Raises RouterRefused when it cannot be read."""
    if not path.exists():
        _create(path, encrypt)
    try:
        held = json.loads(path.read_text())
        key = load_pem_private_key(decrypt(held["key"]).encode(), None)
        certificate = x509.load_pem_x509_certificate(held["certificate"].encode())
    except Exception as error:  # a file that was damaged, or whose key is another one
        raise RouterRefused(
            f"The authority of the routers in {path} cannot be read ({type(error).__name__}). Put back the file, or "
            "the key file that it was made with. If both are lost, remove it, restart Greenroom, and give each router "
            "new credentials: ./greenroom router credentials NAME"
        ) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise RouterRefused(f"The key in {path} is none of Greenroom's. Put back the file as it was.")
    return Authority(certificate, key)


def replace_token(path: Path, renew: Cipher) -> bool:
    """Encrypt the authority's key anew by `renew`, which takes and returns a token; False where nothing has changed."""
    held = json.loads(path.read_text())
    token = renew(held["key"])
    if token == held["key"]:
        return False
    _write(path.with_name(f"{path.name}.new"), held | {"key": token}).replace(path)
    return True


def _create(path: Path, encrypt: Cipher) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _named("Greenroom routers")
    builder = _builder(name, key.public_key(), AUTHORITY_DAYS).issuer_name(name)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(key_cert_sign=True), critical=True)
    certificate = builder.sign(key, SHA256())
    held = {"certificate": certificate.public_bytes(Encoding.PEM).decode(), "key": encrypt(_pem_of(key).decode())}
    written = _write(path.with_name(f"{path.name}.{secrets.token_hex(4)}"), held)
    try:
        os.link(written, path)  # where two begin at once, the first one wins, whole
    except FileExistsError:
        pass
    finally:
        written.unlink()


def _write(path: Path, held: dict[str, str]) -> Path:
    path.unlink(missing_ok=True)  # of one who was killed here
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(held, file)
        file.flush()
        os.fsync(file.fileno())
    return path


def _builder(name: x509.Name, public_key: ec.EllipticCurvePublicKey, days: int) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).public_key(public_key)
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - SKEW).not_valid_after(now + timedelta(days=days))
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=key_cert_sign,
        crl_sign=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _described(certificate: x509.Certificate) -> Certificate:
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if len(names) != 1:
        raise ValueError("a certificate without exactly one name")
    return Certificate(str(names[0].value), certificate.fingerprint(SHA256()).hex(), certificate.not_valid_after_utc)
