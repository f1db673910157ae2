"""The installation's own authority."""

import ssl
from contextlib import suppress
from pathlib import Path

from cryptography import x509

from sites.tls.authority import CERTIFICATE, KEY, open_authority


def reversed_text(text: str) -> str:
    return text[::-1]


def test_it_is_made_once_and_its_key_lies_encrypted(tmp_path: Path) -> None:
    first = open_authority(tmp_path, encrypt=reversed_text, decrypt=reversed_text)
    again = open_authority(tmp_path, encrypt=reversed_text, decrypt=reversed_text)
    assert first.certificate == again.certificate
    assert "PRIVATE KEY" not in (tmp_path / KEY).read_text()
    assert {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {CERTIFICATE: 0o600, KEY: 0o600}


def test_what_it_issues_is_signed_by_it_and_names_hosts_and_addresses(tmp_path: Path) -> None:
    authority = open_authority(tmp_path, encrypt=str, decrypt=str)
    leaf = x509.load_pem_x509_certificate(authority.issue("localhost", "127.0.0.1", "[::1]")[0].encode())
    leaf.verify_directly_issued_by(authority.certificate)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name.value) for name in names] == ["localhost", "127.0.0.1", "::1"]


def test_it_is_completed_with_the_key_that_one_who_was_killed_left(tmp_path: Path) -> None:
    open_authority(tmp_path, encrypt=reversed_text, decrypt=reversed_text)
    key = (tmp_path / KEY).read_text()
    (tmp_path / CERTIFICATE).unlink()
    authority = open_authority(tmp_path, encrypt=reversed_text, decrypt=reversed_text)
    assert (tmp_path / KEY).read_text() == key
    leaf = x509.load_pem_x509_certificate(authority.issue("localhost")[0].encode())
    leaf.verify_directly_issued_by(authority.certificate)


def test_strict_clients_find_all_that_they_ask_for(tmp_path: Path) -> None:
    authority = open_authority(tmp_path, encrypt=str, decrypt=str)
    chain, key = authority.issue("localhost")
    (tmp_path / "leaf.pem").write_text(key + chain)
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    server.load_cert_chain(tmp_path / "leaf.pem")
    client.load_verify_locations(tmp_path / CERTIFICATE)
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    asking = client.wrap_bio(to_client, to_server, server_hostname="localhost")
    answering = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(2):
        for side in (asking, answering):
            with suppress(ssl.SSLWantReadError):
                side.do_handshake()
    assert asking.getpeercert()
