"""The authority makes certificates for one name each, and its key lies encrypted in a closed file."""

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from sites.errors import RouterRefused
from sites.router.authority import ROUTER_DAYS, Authority, open_authority, read_certificate, replace_token


def encrypt(text: str) -> str:
    return text[::-1]


def opened(path: Path) -> Authority:
    return open_authority(path, encrypt=encrypt, decrypt=encrypt)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "authority.json"


def test_the_file_is_closed_and_holds_no_readable_key(path: Path) -> None:
    authority = opened(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "PRIVATE KEY" not in path.read_text()
    assert opened(path).pem == authority.pem, "it is made once"
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_a_certificate_names_its_router_and_is_good_for_nothing_else(path: Path) -> None:
    authority = opened(path)
    issued = authority.issue_router("router-2")
    certificate = x509.load_pem_x509_certificate(issued.pem)
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.pem))
    assert read_certificate(certificate.public_bytes(Encoding.DER)) == issued.certificate
    assert issued.certificate.name == "router-2"
    assert issued.certificate.expires_at - datetime.now(UTC) < timedelta(days=ROUTER_DAYS, minutes=1)
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert authority.issue_router("router-2").certificate.fingerprint != issued.certificate.fingerprint


@pytest.mark.parametrize("content", ["", "{}", '{"certificate": "x", "key": "y"}'])
def test_a_file_that_cannot_be_read_is_a_sentence_and_stays(path: Path, content: str) -> None:
    path.write_text(content)
    with pytest.raises(RouterRefused, match="cannot be read"):
        opened(path)
    assert path.read_text() == content


def test_its_key_is_encrypted_anew(path: Path) -> None:
    before = opened(path).pem
    token = json.loads(path.read_text())["key"]
    assert not replace_token(path, lambda held: held)
    assert replace_token(path, lambda held: held.upper())
    assert json.loads(path.read_text()) == {"certificate": before.decode(), "key": token.upper()}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
