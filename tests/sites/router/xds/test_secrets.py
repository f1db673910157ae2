"""Certificates as secrets: sent to whoever asked for them, one by one, and to nobody for names that nobody has."""

from dataclasses import replace
from pathlib import Path

import pytest
from envoy.config.route.v3 import route_pb2
from envoy.extensions.transport_sockets.tls.v3 import secret_pb2

from sites.router.table import OWN, Certificate, HostRoute, RouteTable
from sites.router.xds import stream
from sites.router.xds.cache import TableCache, fixtures
from sites.router.xds.quic import AT_ONCE, EVERY_SECONDS, QuicListener
from sites.router.xds.resource import Kind
from sites.router.xds.secrets import DEFAULT, INSTALLATION, QUIC, TlsMaterial
from sites.tls.authority import Authority, open_authority
from tests.sites.router.xds.envoy import EDGE, ImaginedEnvoy, make_cache


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return open_authority(tmp_path, encrypt=str, decrypt=str)


@pytest.fixture
def cache(authority: Authority) -> TableCache:
    """With TLS, and keys that are encrypted by turning them around."""
    fixed = make_cache().fixed
    own = (("*.own.example",), *authority.issue("*.own.example"))
    return TableCache(fixed, TlsMaterial(lambda token: token[::-1], authority, own))


def table(version: int, *hosts: str, site_id: int = 1, certificates: tuple[Certificate, ...] = ()) -> RouteTable:
    routes = tuple(HostRoute(host, "production", None) for host in hosts)
    return RouteTable(site_id, f"site{site_id}", version, routes, (), certificates)


def certificate(authority: Authority, *hosts: str) -> Certificate:
    chain, key = authority.issue(*hosts)
    return Certificate(hosts, chain, key[::-1])


def chain(cache: TableCache, name: str) -> str | None:
    found = cache.secret(name)
    if found is None:
        return None
    secret = secret_pb2.Secret()
    found.message.resource.Unpack(secret)
    assert secret.name == found.name == name
    assert secret.tls_certificate.private_key.inline_string.startswith("-----BEGIN PRIVATE KEY")
    return secret.tls_certificate.certificate_chain.inline_string


def secrets_of(envoy: ImaginedEnvoy) -> list[tuple[str, str]]:
    return [(sign, name) for kind, sign, name in envoy.log if kind is Kind.SECRET]


def test_a_name_gets_what_is_bound_then_the_wildcards_then_the_installations(
    cache: TableCache, authority: Authority
) -> None:
    bound, wild = certificate(authority, "a.x.example"), certificate(authority, "*.x.example")
    cache.put(table(1, "a.x.example", "*.x.example", "s.own.example", "z.example", certificates=(bound, wild)))
    assert chain(cache, "a.x.example") == bound.chain
    assert chain(cache, "b.x.example") == wild.chain
    assert chain(cache, "s.own.example") == cache._secrets._material.own[1]
    assert chain(cache, "z.example") == chain(cache, "z.example") != bound.chain
    assert chain(cache, DEFAULT) is not None
    assert chain(cache, "localhost") is not None


def test_nobody_gets_one_for_a_name_that_nobody_has(cache: TableCache) -> None:
    cache.put(table(1, "a.example", "*.x.example"))
    for name in ("b.example", "a.b.x.example", "x.example", "", "*"):
        assert cache.secret(name) is None


def test_without_tls_there_is_none() -> None:
    assert TableCache(fixtures("/run/web.sock", ["localhost"])).secret("localhost") is None


def test_a_key_that_cannot_be_read_keeps_no_other_from_being_served(cache: TableCache, authority: Authority) -> None:
    def refuse(token: str) -> str:
        if token == "broken":
            raise ValueError(token)
        return token[::-1]

    cache._secrets._material = TlsMaterial(refuse, authority)
    good = certificate(authority, "a.example")
    cache.put(table(1, "a.example", "b.example", certificates=(Certificate(("b.example",), "x", "broken"), good)))
    assert chain(cache, "a.example") == good.chain
    assert chain(cache, "b.example") is not None


def test_a_change_sends_the_secrets_that_it_changes_and_no_others(cache: TableCache, authority: Authority) -> None:
    for site_id in (1, 2):
        host = f"s{site_id}.example"
        cache.put(table(1, host, site_id=site_id, certificates=(certificate(authority, host),)))
    envoy = ImaginedEnvoy(cache)
    envoy.connect()
    envoy.ask(Kind.SECRET, "s1.example", "s2.example", "stranger.example")
    assert secrets_of(envoy) == [("+", "s1.example"), ("+", "s2.example"), ("-", "stranger.example")]
    envoy.log.clear()
    envoy.apply(cache.put(table(2, "s1.example", certificates=(certificate(authority, "s1.example"),))))
    assert secrets_of(envoy) == [("+", "s1.example")]
    envoy.log.clear()
    envoy.apply(cache.remove(1))
    assert secrets_of(envoy) == [("-", "s1.example")]


def test_a_wildcards_certificate_reaches_the_names_below_it(cache: TableCache, authority: Authority) -> None:
    cache.put(table(1, "*.x.example", certificates=(certificate(authority, "*.x.example"),)))
    envoy = ImaginedEnvoy(cache)
    envoy.connect()
    envoy.ask(Kind.SECRET, "a.x.example")
    envoy.log.clear()
    envoy.apply(cache.put(table(2, "*.x.example", certificates=(certificate(authority, "*.x.example"),))))
    assert secrets_of(envoy) == [("+", "a.x.example")]
    envoy.log.clear()
    envoy.apply(cache.put(table(3)))
    assert secrets_of(envoy) == [("-", "a.x.example")]


def test_strangers_cannot_have_any_number_of_names_below_a_wildcard_kept(
    cache: TableCache, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "MAX_BELOW_WILDCARDS", 2)
    cache.put(table(1, "*.x.example", "named.x.example", certificates=(certificate(authority, "*.x.example"),)))
    envoy = ImaginedEnvoy(cache)
    envoy.connect()
    for name in ("named", "a", "b", "c"):
        envoy.ask(Kind.SECRET, f"{name}.x.example")
    assert secrets_of(envoy)[-2:] == [("+", "c.x.example"), ("-", "a.x.example")]
    assert set(envoy.resources[Kind.SECRET]) == {"named.x.example", "b.x.example", "c.x.example"}
    issued = cache._secrets._issued
    assert "named.x.example" in issued and not {name for name in issued if name.startswith(("a.", "b.", "c."))}


def test_after_a_reconnection_nothing_is_sent_that_the_envoy_has(cache: TableCache, authority: Authority) -> None:
    cache.put(table(1, "a.example", certificates=(certificate(authority, "a.example"),)))
    envoy = ImaginedEnvoy(cache)
    envoy.connect()
    envoy.ask(Kind.SECRET, "a.example")
    again = ImaginedEnvoy(cache, envoy.resources)
    again.connect()
    again.ask(Kind.SECRET, "a.example")
    assert len(secrets_of(again)) <= 1


def test_http_3_is_offered_where_browsers_may_trust_the_certificate(cache: TableCache, authority: Authority) -> None:
    material = TlsMaterial(lambda token: token[::-1], authority, cache._secrets._material.own, http3_port=443)
    cache = TableCache(make_cache().fixed, material)
    assert cache.quic_secrets == (QUIC + INSTALLATION,)
    assert chain(cache, QUIC + INSTALLATION) == material.own[1]
    hosts = ("a.x.example", "s.own.example", "z.example")
    cache.put(table(1, *hosts, certificates=(certificate(authority, "a.x.example"),)))
    assert cache.quic_secrets == (QUIC + INSTALLATION, QUIC + "a.x.example")
    assert chain(cache, QUIC + "a.x.example") == chain(cache, "a.x.example")
    routes = route_pb2.RouteConfiguration()
    cache.resources(1).routes.message.resource.Unpack(routes)
    told = {
        host.name: [option.header.value for option in host.response_headers_to_add] for host in routes.virtual_hosts
    }
    assert told == {"a.x.example": ['h3=":443"; ma=86400'], "s.own.example": ['h3=":443"; ma=86400'], "z.example": []}
    cache.put(table(2, *hosts))
    assert cache.quic_secrets == (QUIC + INSTALLATION,)


def test_the_listener_of_http_3_follows_the_other_one_and_the_certificates(authority: Authority) -> None:
    cache = TableCache(make_cache().fixed, TlsMaterial(str, authority, None, http3_port=8443))
    edge = replace(EDGE, tls_port=8443, wants_http3=True)
    envoy = ImaginedEnvoy(cache, edge=edge)
    envoy.delays.add(Kind.LISTENER)
    envoy.connect()
    assert names_of_listeners(envoy) == []
    envoy.release()
    assert names_of_listeners(envoy) == ["edge", "edge-http3"]
    envoy.log.clear()
    envoy.apply(cache.put(table(1, "a.x.example")))
    assert names_of_listeners(envoy) == []
    chain_, key = authority.issue("a.x.example")
    envoy.apply(cache.put(table(2, "a.x.example", certificates=(Certificate(("a.x.example",), chain_, key),))))
    assert names_of_listeners(envoy) == ["edge-http3"]
    envoy.ask(Kind.SECRET, QUIC + "a.x.example", "a.x.example")
    envoy.log.clear()
    envoy.apply(cache.put(table(3, "a.x.example", certificates=(certificate(authority, "a.x.example"),))))
    assert secrets_of(envoy) == [("+", "a.x.example"), ("+", QUIC + "a.x.example")]


def test_whoever_changes_certificates_without_end_has_the_listener_replaced_once_a_minute(authority: Authority) -> None:
    cache = TableCache(make_cache().fixed, TlsMaterial(str, authority, None, http3_port=8443))
    seconds = [1_000.0]
    envoy = ImaginedEnvoy(cache, edge=replace(EDGE, tls_port=8443, wants_http3=True))
    envoy.stream._quic = QuicListener(replace(EDGE, tls_port=8443, wants_http3=True), lambda: seconds[0])
    envoy.connect()
    chain_, key = authority.issue("a.x.example")
    bound = (Certificate(("a.x.example",), chain_, key),)
    for version in range(1, 601):  # ten minutes of it
        envoy.apply(cache.put(table(version, "a.x.example", certificates=bound if version % 2 else ())))
        seconds[0] += 1
        envoy.take(envoy.stream.offer_listener_again())
    replaced = names_of_listeners(envoy).count("edge-http3")
    assert AT_ONCE < replaced <= AT_ONCE + 600 / EVERY_SECONDS
    envoy.log.clear()
    envoy.apply(cache.put(table(601, "a.x.example", "b.x.example", certificates=(*bound, of_b(authority)))))
    assert names_of_listeners(envoy) == []
    seconds[0] += EVERY_SECONDS
    envoy.take(envoy.stream.offer_listener_again())
    assert names_of_listeners(envoy) == ["edge-http3"]
    assert envoy.stream._listeners.holds(envoy.stream._quic._made[1])
    assert envoy.stream._quic._made[0] == cache.quic_secrets
    envoy.log.clear()
    seconds[0] += 600
    envoy.apply(cache.put(table(602, "a.x.example")))
    assert names_of_listeners(envoy) == ["edge-http3"]


def test_the_installations_automatic_ones_are_given_at_the_portal_and_below_their_wildcards(
    authority: Authority,
) -> None:
    cache = TableCache(make_cache().fixed, TlsMaterial(lambda token: token[::-1], authority, None, http3_port=443))
    hosts = ("a.scm.own.example", "b.scm.own.example", "a.own.example")
    cache.put(table(1, *hosts, certificates=(certificate(authority, "b.scm.own.example"),)))
    envoy = ImaginedEnvoy(cache)
    envoy.connect()
    envoy.ask(Kind.SECRET, "localhost", *hosts)
    envoy.ask(Kind.ROUTES, "site-1")
    first = [chain(cache, host) for host in ("localhost", *hosts)]
    envoy.log.clear()
    scm, portal = certificate(authority, "*.scm.own.example"), certificate(authority, "localhost")
    own = RouteTable(OWN, "the installation", 1, (), (), (scm, portal))
    envoy.apply(cache.put(own))
    assert [chain(cache, host) for host in ("localhost", *hosts)] == [portal.chain, scm.chain, *first[2:]]
    assert secrets_of(envoy) == [("+", "a.scm.own.example"), ("+", "localhost")]
    assert (Kind.ROUTES, "+", "site-1") in envoy.log, "browsers are told of HTTP/3"
    names = ("*.scm.own.example", "b.scm.own.example", "localhost")
    assert cache.quic_secrets[1:] == tuple(QUIC + name for name in names)
    assert chain(cache, QUIC + "*.scm.own.example") == scm.chain
    assert cache.secret("nobody.scm.own.example") is None
    assert envoy.stream.has_acknowledged(OWN) and envoy.stream.has_acknowledged(1)
    envoy.log.clear()
    envoy.apply(cache.remove(OWN))
    assert ("+", "a.scm.own.example") in secrets_of(envoy)
    assert cache.quic_secrets[1:] == (QUIC + "b.scm.own.example",)


def of_b(authority: Authority) -> Certificate:
    return Certificate(("b.x.example",), *authority.issue("b.x.example"))


def names_of_listeners(envoy: ImaginedEnvoy) -> list[str]:
    return [name for kind, sign, name in envoy.log if kind is Kind.LISTENER and sign == "+"]
