"""A certificate chain with its key: read from what somebody uploads, checked, and described."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    pkcs12,
)

from sites.errors import CertificateRefused

MAX_BYTES = 256 * 1024
MAX_CERTIFICATES = 10
MAX_NAMES = 200
MIN_RSA_BITS = 2048
MAX_RSA_BITS = 8192
CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
"""What Envoy serves (BoringSSL)."""
_KEY_BEGINS = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_PFX_REMEDY = "Check the file and its password."


@dataclass(frozen=True, slots=True)
class Pair:
    """A chain in PEM, the leaf first, and the leaf's key in PEM (PKCS #8), with what the leaf says."""

    chain: str
    key: str = field(repr=False)
    names: tuple[str, ...]
    issuer: str
    not_before: datetime
    not_after: datetime
    fingerprint: str


def covers(names: Sequence[str], host: str) -> bool:
    """Whether a certificate for `names` is good for `host`; a wildcard stands for one label (RFC 9525, 6.3)."""
    return host in names or f"*.{host.partition('.')[2]}" in names


def read_pair(content: bytes, password: str, *, at: datetime) -> Pair:
    """The pair in an upload: PEM with certificate and key in any order, or PFX (PKCS #12) with its password.

    Raises CertificateRefused with the reason: too large, no certificate, no key, another key, expired, without names.
    """
    if len(content) > MAX_BYTES:
        raise CertificateRefused(reason=f"it has more than {MAX_BYTES // 1024} KB", remedy="Upload one certificate.")
    if b"-----BEGIN " in content:
        return _checked(*_from_pem(content, password), at=at)
    return _checked(*_from_pfx(content, password), at=at)


Found = tuple[list[x509.Certificate], rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey]


def _from_pem(content: bytes, password: str) -> Found:
    try:
        certificates = x509.load_pem_x509_certificates(content)
    except ValueError:
        raise CertificateRefused(
            reason="there is no certificate in it that can be read",
            remedy="Upload the certificate, the certificates between it and its authority, and the key in one file.",
        ) from None
    start = _KEY_BEGINS.search(content)
    if start is None:
        raise CertificateRefused(
            reason="the private key is missing", remedy="Put the key into the same file, below the certificate."
        )
    return certificates, _key(content[start.start() :], password.encode())


def _key(content: bytes, password: bytes) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
    is_encrypted = b"ENCRYPTED" in content.partition(b"-----END")[0]
    if is_encrypted and not password:
        raise CertificateRefused(reason="the private key is encrypted", remedy="Type its password beside the file.")
    try:
        return _usable(load_pem_private_key(content, password if is_encrypted else None))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise CertificateRefused(
            reason="the private key cannot be read", remedy="Check the key and its password."
        ) from None


def _from_pfx(content: bytes, password: str) -> Found:
    try:
        found = pkcs12.load_pkcs12(content, password.encode() or None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise CertificateRefused(
            reason="it is neither PEM nor a PFX file that this password opens", remedy=_PFX_REMEDY
        ) from None
    if found.cert is None or found.key is None:
        raise CertificateRefused(reason="it has no certificate with its key", remedy="Export both into one PFX file.")
    others = [one.certificate for one in found.additional_certs]
    return [found.cert.certificate, *others], _usable(found.key)


def _usable(key: object) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
    if isinstance(key, rsa.RSAPrivateKey) and MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
        return key
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, CURVES):
        return key
    raise CertificateRefused(
        reason="its key is of a kind that is not served",
        remedy=f"Use RSA with {MIN_RSA_BITS} to {MAX_RSA_BITS} bits, or ECDSA on P-256, P-384 or P-521.",
    )


def _checked(
    certificates: list[x509.Certificate], key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, *, at: datetime
) -> Pair:
    public = _public(key.public_key())
    leaf = next((one for one in certificates if _public_of(one) == public), None)
    if leaf is None:
        raise CertificateRefused(
            reason="the private key belongs to another certificate", remedy="Upload the key of this certificate."
        )
    if len(certificates) > MAX_CERTIFICATES:
        raise CertificateRefused(
            reason=f"it holds more than {MAX_CERTIFICATES} certificates",
            remedy="Upload the certificate and those between it and its authority.",
        )
    if leaf.not_valid_after_utc <= at:
        raise CertificateRefused(
            reason=f"it expired on {leaf.not_valid_after_utc:%Y-%m-%d}", remedy="Renew it and upload the new one."
        )
    names = _names_of(leaf)
    if not names or len(names) > MAX_NAMES:
        raise CertificateRefused(
            reason=f"it names {'no' if not names else 'too many'} host names (subject alternative names)",
            remedy=f"Have it issued for 1 to {MAX_NAMES} host names.",
        )
    chain = [leaf, *(one for one in certificates if one is not leaf)]
    return Pair(
        chain="".join(one.public_bytes(Encoding.PEM).decode() for one in chain),
        key=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        names=names,
        issuer=_issuer_of(leaf),
        not_before=leaf.not_valid_before_utc,
        not_after=leaf.not_valid_after_utc,
        fingerprint=leaf.fingerprint(SHA256()).hex(),
    )


def _names_of(leaf: x509.Certificate) -> tuple[str, ...]:
    try:
        extension = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):
        return ()
    return tuple(sorted({name.lower() for name in extension.value.get_values_for_type(x509.DNSName)}))


def _issuer_of(leaf: x509.Certificate) -> str:
    found = [
        *leaf.issuer.get_attributes_for_oid(x509.NameOID.COMMON_NAME),
        *leaf.issuer.get_attributes_for_oid(x509.NameOID.ORGANIZATION_NAME),
    ]
    return str(found[0].value)[:200] if found else "not named"


def _public_of(certificate: x509.Certificate) -> bytes | None:
    try:
        return _public(certificate.public_key())
    except (ValueError, UnsupportedAlgorithm):
        return None


def _public(key: object) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined]
