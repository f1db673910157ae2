"""The table of headers that are taken at the edge."""

import re

import pytest

from sites.router.xds.edge_headers import (
    LEFT_IN_REQUESTS,
    REQUEST_HEADERS,
    RESPONSE_HEADERS,
    Family,
    pattern_behind_proxies,
    pattern_of,
)

TAKEN = re.compile(pattern_of(REQUEST_HEADERS))


@pytest.mark.parametrize(
    "family", [*REQUEST_HEADERS, *RESPONSE_HEADERS, LEFT_IN_REQUESTS], ids=lambda family: family.reason
)
def test_names_are_as_envoy_compares_them(family: Family) -> None:
    assert family.reason and len(set(family.names)) == len(family.names)
    assert all(re.fullmatch(r"[a-z0-9-]+\*?", name) for name in family.names)


def test_nothing_is_both_taken_and_left() -> None:
    assert not [name for name in LEFT_IN_REQUESTS.names if TAKEN.fullmatch(name)]


KNOWN = (
    "x-forwarded-ssl x-forwarded-scheme x-forwarded-prefix x-forwarded-server x-forwarded-user x-original-url "
    "x-rewrite-url true-client-ip client-ip remote-user ssl-client-cert x-ssl-client-cert x-ssl-client-s-dn "
    "x-client-cert x-ms-client-principal via x-b3-traceid x-b3-flags b3 x-user x-email impersonate-user "
    "impersonate-extra-scopes x-authz-user-id iv-user-l x-ldap-user x-oidc-sub auth-user x-auth-preferred-username"
).split()
"""As proxies in common use write them, whatever the table calls them."""


@pytest.mark.parametrize("name", KNOWN)
def test_what_proxies_say_of_a_visitor_is_taken(name: str) -> None:
    assert TAKEN.fullmatch(name)


@pytest.mark.parametrize(
    "name",
    ["host", ":authority", ":path", "content-length", "content-type", "accept", "connection", "upgrade", "range"],
)
def test_what_every_request_needs_is_left(name: str) -> None:
    assert not TAKEN.fullmatch(name)


@pytest.mark.parametrize("name", ["x-forwarded-for", "x-forwarded-proto", "accept", "x-forwarder"])
def test_of_a_trusted_proxy_two_headers_are_left(name: str) -> None:
    assert not re.fullmatch(pattern_behind_proxies(), name)


@pytest.mark.parametrize(
    "name",
    [
        "x-forwarded-host",
        "x-forwarded-",
        "x-forwarded-fo",
        "x-forwarded-form",
        "x-forwarded-protocol",
        "forwarded",
        "x-forwarded-port",
        "x-real-ip",
        "x-forwarded-user",
        "x-website-hostname",
        "cf-connecting-ip",
    ],
)
def test_of_a_trusted_proxy_everything_else_is_taken(name: str) -> None:
    assert re.fullmatch(pattern_behind_proxies(), name)
