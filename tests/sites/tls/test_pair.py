"""What is taken as a certificate with its key, and what is refused with its reason."""

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import PrivateFormat

from sites.errors import CertificateRefused
from sites.tls.pair import covers, read_pair
from tests.sites.tls.uploads import key_pem, new_key, pem_of, pfx, signed, upload

WWW = "www.fabrikam.example"
NOW = datetime.now(UTC)


def read(content: bytes, password: str = "") -> object:
    return read_pair(content, password, at=NOW)


def test_pem_is_read_in_any_order_with_what_lies_between() -> None:
    key, other = new_key(), new_key()
    leaf, between = signed(WWW, "Fabrikam.example", key=key), signed("ca.example", key=other)
    pair = read(key_pem(key) + b"notes of somebody\n" + pem_of(between) + pem_of(leaf))
    assert pair.names == ("fabrikam.example", WWW)
    assert pair.chain.encode() == pem_of(leaf) + pem_of(between)
    assert pair.issuer == "Test authority"
    assert key_pem(key).decode() == pair.key


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
@pytest.mark.parametrize("password", ["", "secret"])
def test_every_form_of_a_key_is_read(form: PrivateFormat, password: str) -> None:
    key = rsa.generate_private_key(65537, 2048)
    content = pem_of(signed(WWW, key=key)) + key_pem(key, password, form)
    assert read(content, password).names == (WWW,)


@pytest.mark.parametrize("password", ["", "secret", "pässword"])
def test_pfx_is_read_with_its_password(password: str) -> None:
    assert read(pfx(WWW, password=password), password).names == (WWW,)


KEY, OTHER = new_key(), new_key()
LEAF = pem_of(signed(WWW, key=KEY))
BAD = {
    "4 MB": (LEAF + key_pem(KEY) + b"x" * 4 * 1024 * 1024, "", "it has more than 256 KB"),
    "nothing": (b"", "", "it is neither PEM nor a PFX file"),
    "binary": (b"\x30\x82" + b"\0" * 300, "", "it is neither PEM nor a PFX file"),
    "no certificate": (key_pem(KEY), "", "there is no certificate in it"),
    "a broken certificate": (LEAF.replace(b"MII", b"MIA", 1) + key_pem(KEY), "", "there is no certificate in it"),
    "no key": (LEAF, "", "the private key is missing"),
    "the end of a key": (b"PRIVATE KEY-----\n" + LEAF, "", "the private key is missing"),
    "another key": (LEAF + key_pem(OTHER), "", "the private key belongs to another certificate"),
    "an encrypted key": (LEAF + key_pem(KEY, "secret"), "", "the private key is encrypted"),
    "another password": (LEAF + key_pem(KEY, "secret"), "wrong", "the private key cannot be read"),
    "a broken key": (LEAF + key_pem(KEY).replace(b"MIG", b"MIA", 1), "", "the private key cannot be read"),
    "another password of a PFX": (pfx(WWW, password="secret"), "wrong", "it is neither PEM nor a PFX file"),
    "expired": (upload(WWW, days=-0.5), "", "it expired on"),
    "no names": (pem_of(signed(key=KEY)) + key_pem(KEY), "", "it names no host names"),
    "many names": (pem_of(signed(*(f"n{n}.example" for n in range(300)), key=KEY)) + key_pem(KEY), "", "too many"),
    "many certificates": (LEAF * 11 + key_pem(KEY), "", "it holds more than 10 certificates"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_served_is_refused_with_its_reason(case: str) -> None:
    content, password, reason = BAD[case]
    with pytest.raises(CertificateRefused, match=reason) as refused:
        read(content, password)
    assert "Nothing was changed" in str(refused.value)


@pytest.mark.parametrize("kind", ["short RSA", "secp256k1"])
def test_a_key_that_is_not_served_is_refused(kind: str) -> None:
    short = rsa.generate_private_key(65537, 1024)  # noqa: S505  that is what is tried
    key = short if kind == "short RSA" else ec.generate_private_key(ec.SECP256K1())
    with pytest.raises(CertificateRefused, match="its key is of a kind that is not served"):
        read(pem_of(signed(WWW, key=key)) + key_pem(key))


@pytest.mark.parametrize(
    ("host", "is_covered"),
    [
        ("www.fabrikam.example", True),
        ("fabrikam.example", True),
        ("a.www.fabrikam.example", False),
        ("a.b.wild.example", False),
        ("a.wild.example", True),
        ("wild.example", False),
        ("*.wild.example", True),
    ],
)
def test_a_wildcard_stands_for_one_label(host: str, is_covered: bool) -> None:
    assert covers(["www.fabrikam.example", "fabrikam.example", "*.wild.example"], host) == is_covered
