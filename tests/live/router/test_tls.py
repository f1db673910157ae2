"""TLS at the router: real handshakes with a real Envoy, certificates by name and without reload."""

import http.client
import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509

from sites.router.table import Certificate, Cluster, HostRoute
from sites.tls.authority import CERTIFICATE, Authority, open_authority
from tests.live.router.backends import free_port
from tests.live.router.rig import Rig, eventually, hosts
from tests.live.system import wait_for

pytestmark = pytest.mark.live
WWW, WILD = "www.fabrikam.example", "*.fabrikam.example"


@pytest.fixture
def bought(tmp_path: Path) -> Authority:
    """An authority that is not the installation's."""
    return open_authority(tmp_path, encrypt=str, decrypt=str)


@pytest.fixture
def served(rig: Rig, clusters: list[Cluster]) -> Iterator[Rig]:
    """The site with TLS."""
    rig.tls_port = free_port()
    rig.start_xds()
    rig.start_envoy()
    wait_for(lambda: listens(rig.tls_port), 60, "the port of TLS")
    yield rig


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def context(*protocols: str, most: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    made = ssl.create_default_context()
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    made.maximum_version = most
    made.set_alpn_protocols(list(protocols) or ["http/1.1"])
    return made


def handshake(rig: Rig, name: str | None, *, with_context: ssl.SSLContext | None = None) -> ssl.SSLSocket:
    plain = socket.create_connection(("127.0.0.1", rig.tls_port), 15)
    try:
        return (with_context or context()).wrap_socket(plain, server_hostname=name)
    except (ssl.SSLError, OSError):
        plain.close()
        raise


def shown(rig: Rig, name: str | None) -> tuple[str, set[str]]:
    """Issuer and names of the certificate for `name`."""
    with handshake(rig, name) as connection:
        leaf = x509.load_der_x509_certificate(connection.getpeercert(binary_form=True) or b"")
    found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    names = set(found.get_values_for_type(x509.DNSName))
    return leaf.issuer.rfc4514_string(), names


def ask(rig: Rig, name: str, host: str = "", most: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> tuple[int, str]:
    """Status and body of a request over TLS, to `host` where it is another name than that of the handshake."""
    connection = http.client.HTTPConnection("127.0.0.1", rig.tls_port, timeout=15)
    connection.sock = handshake(rig, name, with_context=context(most=most))
    connection.request("GET", "/", headers={"Host": host or name})
    answer = connection.getresponse()
    found = answer.status, answer.read().decode()
    connection.close()
    return found


def test_every_name_gets_its_certificate_and_strangers_get_none(
    served: Rig, clusters: list[Cluster], bought: Authority
) -> None:
    own = f"CN={served_authority(served).certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value}"
    theirs = bought.certificate.subject.rfc4514_string()
    production = "contoso.localhost"
    assert shown(served, production)[1] == {production}
    assert shown(served, None)[1] == {"localhost"}
    for stranger in ("evil.example", "a.b.fabrikam.example", WWW):
        with pytest.raises(ssl.SSLError):
            handshake(served, stranger)
    custom = [*hosts("r-1", "r-2"), HostRoute(WWW, "production", "r-1")]
    bound = Certificate((WWW,), *bought.issue(WWW))
    served.publish(custom, clusters, certificates=[bound])
    assert shown(served, WWW) == (theirs, {WWW})
    assert '"label": "A"' in ask(served, WWW)[1]
    # Another one in its place, with no reload
    renewed = Certificate((WWW,), *bought.issue(WWW, "fabrikam.example"))
    served.publish(custom, clusters, certificates=[renewed])
    eventually(lambda: shown(served, WWW)[1] == {WWW, "fabrikam.example"})
    # Without it the authority of the installation issues one, and without the name there is none
    served.publish(custom, clusters)
    eventually(lambda: shown(served, WWW) != (theirs, {WWW, "fabrikam.example"}))
    assert shown(served, WWW)[1] == {WWW}
    assert own.removeprefix("CN=").split(",")[0] in shown(served, WWW)[0]
    served.publish(hosts("r-1", "r-2"), clusters)
    with pytest.raises(ssl.SSLError):
        eventually_refused(served, WWW)


def eventually_refused(rig: Rig, name: str) -> None:
    for _ in range(100):
        handshake(rig, name).close()


def served_authority(rig: Rig) -> Authority:
    assert (rig.folder / CERTIFICATE).exists()
    return open_authority(rig.folder, encrypt=str, decrypt=str)


def test_https_only_and_the_least_version_hold_for_the_slot_that_wants_them(
    served: Rig, clusters: list[Cluster]
) -> None:
    production, staging = hosts("r-1", "r-2")
    strict = replace(production, https_only_port=served.tls_port, refuses_tls_1_2=True)
    served.publish([strict, staging], clusters)
    answer = served.ask(f"{production.host}:{served.port}", "/a?b=c", method="POST", content=b"x")
    assert answer.status_code == 308
    assert answer.headers["location"] == f"https://{production.host}:{served.tls_port}/a?b=c"
    assert ask(served, production.host)[0] == 200
    assert ask(served, production.host, most=ssl.TLSVersion.TLSv1_2)[0] == 426
    # Whatever name the handshake had, the host that is asked decides
    assert ask(served, staging.host, production.host, most=ssl.TLSVersion.TLSv1_2)[0] == 426
    assert '"label": "A"' in ask(served, staging.host, production.host)[1]
    assert served.ask(staging.host).status_code == 200
    assert ask(served, staging.host, most=ssl.TLSVersion.TLSv1_2)[0] == 200


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_versions_and_weak_ciphers_are_refused(served: Rig, clusters: list[Cluster]) -> None:
    def offering(version: ssl.TLSVersion, ciphers: str) -> ssl.SSLContext:
        made = context(most=version)
        made.minimum_version = version
        made.set_ciphers(f"{ciphers}:@SECLEVEL=0")
        return made

    strong = offering(ssl.TLSVersion.TLSv1_2, "ECDHE+AESGCM:ECDHE+CHACHA20")
    with handshake(served, "contoso.localhost", with_context=strong) as connection:
        assert connection.version() == "TLSv1.2"
    for refused in (
        offering(ssl.TLSVersion.TLSv1, "ALL"),
        offering(ssl.TLSVersion.TLSv1_1, "ALL"),
        offering(ssl.TLSVersion.TLSv1_2, "kRSA"),  # without forward secrecy
        offering(ssl.TLSVersion.TLSv1_2, "ECDHE+AES:!AESGCM:!AESCCM"),  # CBC
        offering(ssl.TLSVersion.TLSv1_2, "aNULL:eNULL:3DES:SHA1"),
    ):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            handshake(served, "contoso.localhost", with_context=refused).close()


def test_http_2_is_spoken_and_what_instances_get_says_https(served: Rig, clusters: list[Cluster]) -> None:
    with handshake(served, "contoso.localhost", with_context=context("h2", "http/1.1")) as connection:
        assert connection.selected_alpn_protocol() == "h2"
    status, body = ask(served, "contoso.localhost")
    assert status == 200
    assert "x-greenroom-tls-version" not in body.lower()
    assert '"https"' in body


def test_without_the_xds_server_known_names_go_on_and_others_are_given_up(served: Rig, clusters: list[Cluster]) -> None:
    shown(served, "contoso.localhost")
    served.kill("xds")
    assert shown(served, "contoso.localhost")[1] == {"contoso.localhost"}
    with pytest.raises((ssl.SSLError, OSError)):
        handshake(served, "contoso-staging.localhost")
    served.start_xds()
    eventually(lambda: ask(served, "contoso.localhost")[0] == 200)
    eventually(lambda: is_given(served, "contoso-staging.localhost"))


def is_given(rig: Rig, name: str) -> bool:
    try:
        return shown(rig, name)[1] == {name}
    except (ssl.SSLError, OSError):
        return False
