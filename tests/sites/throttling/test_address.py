"""Whose request it is, and what counts as one address."""

import pytest
from django.test import RequestFactory

from sites.throttling.address import UNKNOWN, client_address, network_of


@pytest.mark.parametrize(
    ("direct", "forwarded", "expected"),
    [
        ("192.0.2.1", "", "192.0.2.1"),
        ("192.0.2.1", "10.0.0.1", "192.0.2.1"),
        ("", "10.0.0.1, 192.0.2.7", "192.0.2.7"),
        ("", "made up, 2001:DB8::1", "2001:db8::1"),
        ("", "::ffff:192.0.2.7", "192.0.2.7"),
        ("unix:", "192.0.2.7", "192.0.2.7"),
        ("", "192.0.2.7, nonsense", UNKNOWN),
        ("", "", UNKNOWN),
    ],
)
def test_the_router_says_who_asks(direct: str, forwarded: str, expected: str) -> None:
    request = RequestFactory().get("/", REMOTE_ADDR=direct, headers={"X-Forwarded-For": forwarded})
    assert client_address(request) == expected


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("::1", "::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
    ],
)
def test_the_first_half_of_an_ipv6_address_counts(address: str, network: str) -> None:
    assert network_of(address) == network
