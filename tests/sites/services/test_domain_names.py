"""Which texts become a domain name."""

import pytest
from pytest_django import Settings

from sites.errors import DomainRefused
from sites.services.domain_names import domain_name


@pytest.fixture(autouse=True)
def _installation(settings: Settings) -> None:
    settings.SUFFIX = "sites.example.org"
    settings.PORTAL_HOST = "greenroom.example.org"
    settings.PORTAL_URL = "https://portal.outside.example"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (" WWW.Fabrikam.Example. ", "www.fabrikam.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("*.fabrikam.example", "*.fabrikam.example"),
        ("*.Bücher.example", "*.xn--bcher-kva.example"),
        ("fabrikam.example", "fabrikam.example"),
    ],
)
def test_a_name_is_written_as_dns_has_it(text: str, name: str) -> None:
    assert domain_name(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "*.",
        "fabrikam",
        "*.example",
        "http://www.fabrikam.example/",
        "www.fabrikam.example:443",
        "a@b.example",
        "www.*.example",
        "*.*.fabrikam.example",
        "a b.example",
        "under_score.example",
        "-a.example",
        "a..example",
        "xn--a.example",
        "192.0.2.1",
        "::1",
        "a" * 64 + ".example",
        ".".join(["a" * 60] * 5),
        "a\0b.example",
        "a\n.example",
        "\u202eevil.example",
    ],
)
def test_what_is_no_host_name_is_refused(text: str) -> None:
    with pytest.raises(DomainRefused, match="Nothing was changed"):
        domain_name(text)


@pytest.mark.parametrize(
    "text",
    [
        "greenroom.example.org",
        "GREENROOM.example.org.",
        "*.example.org",
        "portal.outside.example",
        "*.outside.example",
        "sites.example.org",
        "contoso.sites.example.org",
        "contoso.scm.sites.example.org",
        "*.scm.sites.example.org",
        "*.sites.example.org",
        "localhost.localhost",
    ],
)
def test_no_slot_gets_a_name_of_the_installation(text: str) -> None:
    with pytest.raises(DomainRefused, match="belongs to this installation"):
        domain_name(text)


def test_a_name_beside_them_is_free() -> None:
    assert domain_name("www.example.org") == "www.example.org"
