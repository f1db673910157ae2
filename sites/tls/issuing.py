"""Certificates that are made here: what the authorities of the host names and of the routers have in common."""

import os
import secrets
from collections.abc import Iterable
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
from cryptography.x509.oid import NameOID

SKEW = timedelta(hours=1)
"""A certificate is valid from so long ago, for clocks that are late."""

Key = ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class Issuer:
    """A certificate that may sign others, with its private key."""

    certificate: x509.Certificate
    key: Key

    def issue(
        self, subject: x509.Name, life: timedelta, usage: x509.ObjectIdentifier, names: Iterable[x509.GeneralName] = ()
    ) -> tuple[x509.Certificate, Key]:
        """A certificate with a key of its own, for one usage (server or client) and valid no longer than the issuer."""
        key = new_key()
        ends_at = min(datetime.now(UTC) + life, self.certificate.not_valid_after_utc)
        builder = (
            _builder(subject, self.certificate.subject, key, ends_at)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()),
                critical=False,
            )
        )
        if alternatives := list(names):
            is_critical = not list(subject)  # RFC 5280, 4.2.1.6
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=is_critical)
        return builder.sign(self.key, SHA256()), key


def new_key() -> Key:
    """On the curve P-256."""
    return ec.generate_private_key(ec.SECP256R1())


def pem_of(key: Key) -> str:
    """The private key as PKCS#8 in PEM, without a password."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def read_key(pem: str) -> Key:
    """The private key of a PEM text. Raises ValueError for what is no key on an elliptic curve."""
    key = load_pem_private_key(pem.encode(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("not a key on an elliptic curve")
    return key


def common_name(text: str) -> x509.Name:
    """A subject with one name."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def sign_itself(name: str, key: Key, life: timedelta) -> x509.Certificate:
    """The certificate of an authority; it signs leaves only, no other authority."""
    subject = common_name(name)
    return (
        _builder(subject, subject, key, datetime.now(UTC) + life)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .sign(key, SHA256())
    )


def write_once(path: Path, text: str) -> None:
    """Write a file for its owner alone, whole; where two begin at once, the first one stays."""
    unfinished = _write_beside(path, text)
    try:
        os.link(unfinished, path)
    except FileExistsError:
        pass
    finally:
        unfinished.unlink()


def write_private(path: Path, text: str) -> None:
    """Write a file for its owner alone, whole, in place of the former one."""
    _write_beside(path, text).replace(path)


def _write_beside(path: Path, text: str) -> Path:
    unfinished = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return unfinished


def _builder(subject: x509.Name, issuer: x509.Name, key: Key, ends_at: datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - SKEW)
        .not_valid_after(ends_at)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
