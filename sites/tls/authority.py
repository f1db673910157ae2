"""The installation's own authority: certificates for host names that have none from elsewhere.

People who trust it get no warning of their browser; `./greenroom trust` says how. Its certificate and its encrypted key
lie in the data folder. Each name gets a certificate when it is first asked for, so there is no wildcard below a
top-level name, which browsers refuse.
"""

import ipaddress
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

CERTIFICATE, KEY = "authority.crt", "authority.key"
LIFE = timedelta(days=3650)
LEAF_LIFE = timedelta(days=90)
_EARLIER = timedelta(hours=1)
"""For clocks that are late."""
_NAME = "Greenroom of this server"


@dataclass(frozen=True, slots=True)
class Authority:
    """Issues certificates."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def issue(self, *names: str) -> tuple[str, str]:
        """Chain and key, both PEM, for host names and addresses."""
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(self.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _EARLIER)
            .not_valid_after(min(now + LEAF_LIFE, self.certificate.not_valid_after_utc))
            .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=True)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        )
        leaf = builder.sign(self.key, SHA256())
        return leaf.public_bytes(Encoding.PEM).decode(), _pem(key)


def open_authority(folder: Path, *, encrypt: Callable[[str], str], decrypt: Callable[[str], str]) -> Authority:
    """The authority whose files lie in `folder`, made if there is none yet. Raises what `decrypt` raises."""
    certificate, key = folder / CERTIFICATE, folder / KEY
    if not certificate.exists():
        _create(certificate, key, encrypt)
    private = cast(ec.EllipticCurvePrivateKey, load_pem_private_key(decrypt(key.read_text()).encode(), None))
    return Authority(x509.load_pem_x509_certificate(certificate.read_bytes()), private)


def _create(certificate: Path, key_file: Path, encrypt: Callable[[str], str]) -> None:
    """The certificate is written last, so that its presence says that both are there."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"{_NAME}, {now:%Y-%m-%d %H:%M}")])
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, SHA256())
    )
    write_private(key_file, encrypt(_pem(key)))
    write_private(certificate, signed.public_bytes(Encoding.PEM).decode())


def write_private(path: Path, text: str) -> None:
    """Write a file for its owner alone, by rename."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name.strip("[]")))
    except ValueError:
        return x509.DNSName(name)


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
