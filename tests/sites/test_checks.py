"""Settings that would lead to strange behaviour are named, with what to do about them."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.core.checks import CheckMessage, run_checks
from pytest_django import Settings as SettingsOfTest

from sites import checks
from sites.acme.checks import check_own_names
from tests.sites.tls.uploads import upload

USED = (
    "INSTALLED_APPS",
    *checks.AT_LEAST_ONE,
    *checks.NOT_NEGATIVE,
    "LISTEN",
    "DEBUG",
    "PORT",
    "TLS_PORT",
    "HTTP3",
    "TLS_CERTIFICATE",
    "TLS_KEY",
    "TRUSTED_PROXIES",
    "PROXY_PROTOCOL",
    "SUFFIX",
    "PORTAL_HOST",
    "PORTAL_URL",
    "IS_LOCAL",
    "SECOND_FACTOR",
    "OIDC_ISSUER",
    "OIDC_CLIENT_ID",
    "OIDC_CLIENT_SECRET",
    "EMAIL_USE_TLS",
    "EMAIL_USE_SSL",
    "METRICS_TOKEN",
    "DEFAULT_MODE",
    "DATA_DIR",
    "ISOLATION",
    "NAME_SERVERS",
    "PRIVATE_NETWORKS",
    "KEY_FILE",
    "ROUTER_NODE",
    "XDS_LISTEN",
)
Found = Callable[..., list[str]]


@pytest.fixture
def found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Found:
    """Ids of what the checks say about settings that differ from the usual ones."""
    tmp_path.chmod(0o700)
    (tmp_path / "secret.key").touch(0o600)
    usual = {name: getattr(settings, name) for name in USED} | {
        "DATA_DIR": tmp_path,
        "KEY_FILE": tmp_path / "secret.key",
    }

    def look(**changed: object) -> list[str]:
        monkeypatch.setattr(checks, "settings", SimpleNamespace(**usual | changed))
        said: list[CheckMessage] = [message for check in checks.CHECKS for message in check()]
        assert all(message.msg.endswith(".") for message in said)
        return [message.id for message in said]

    return look


def test_the_usual_settings_are_sane(found: Found) -> None:
    assert found() == []


def test_django_runs_the_checks_under_their_tag(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_checks(tags=[checks.TAG]) == []
    monkeypatch.setattr(
        checks, "settings", SimpleNamespace(**{name: getattr(settings, name) for name in USED} | {"PORT": 0})
    )
    assert [message.id for message in run_checks(tags=[checks.TAG])] == ["greenroom.E004"]


@pytest.mark.parametrize("port", [8080, 70_000, -1])
def test_a_port_for_tls_is_another_one(found: Found, port: int) -> None:
    assert found(PORT=8080, TLS_PORT=port) == ["greenroom.E017"]


def test_nobody_may_send_the_proxy_protocol_unless_a_proxy_is_named(found: Found) -> None:
    assert found(PROXY_PROTOCOL=True) == ["greenroom.E018"]
    assert found(PROXY_PROTOCOL=True, TRUSTED_PROXIES=["10.0.0.2"]) == []


def test_http_3_needs_a_port_for_tls_and_visitors_who_come_directly(found: Found) -> None:
    assert found(HTTP3=True) == ["greenroom.E020"]
    assert found(HTTP3=True, TLS_PORT=8443) == []
    proxies = {"PROXY_PROTOCOL": True, "TRUSTED_PROXIES": ["192.0.2.1"]}
    assert found(HTTP3=True, TLS_PORT=8443, **proxies) == ["greenroom.E020"]


def test_a_certificate_of_the_installation_that_cannot_be_served_is_named(found: Found, tmp_path: Path) -> None:
    path = tmp_path / "own.pem"
    assert found(TLS_CERTIFICATE=str(path)) == ["greenroom.E016"]
    path.write_bytes(upload("*.sites.example", days=-1))
    assert found(TLS_CERTIFICATE=str(path)) == ["greenroom.E016"]
    path.write_bytes(upload("*.sites.example"))
    assert found(TLS_CERTIFICATE=str(path)) == []


def test_automatic_certificates_are_for_names_that_there_are(settings: SettingsOfTest) -> None:
    settings.ACME_FOR = ["portal", "scm"]
    assert [message.id for message in check_own_names()] == ["greenroom.E022"]
    settings.ACME_FOR = ["portal", "publishing", "sites"]
    assert check_own_names() == []


def test_djangos_own_sites_stay_out(found: Found) -> None:
    assert found(INSTALLED_APPS=["portal", "sites", "django.contrib.sites"]) == ["greenroom.E001"]


@pytest.mark.parametrize(
    "name",
    ["STAGING_SLOTS_PER_SITE", "MAX_UPLOAD", "MAX_UNPACKED", "MAX_ENTRIES"],
)
def test_limits_leave_room_for_something(found: Found, name: str) -> None:
    assert found(**{name: 0}) == ["greenroom.E002"]
    assert found(**{name: 4}) == []


@pytest.mark.parametrize("name", ["DISK_RESERVE", "KEPT_DEPLOYMENTS", "MEMORY_OVERCOMMIT", "SITE_FOLDER_BYTES"])
def test_what_may_be_0_is_not_less(found: Found, name: str) -> None:
    assert found(**{name: -1}) == ["greenroom.E002"]
    assert found(**{name: 0}) == []


@pytest.mark.parametrize(
    ("addresses", "ids"),
    [
        (["127.0.0.1", "::1"], []),
        (["0.0.0.0", "fe80::1"], []),  # noqa: S104
        (["localhost"], ["greenroom.E003"]),
        (["127.0.0.1:80", "::1"], ["greenroom.E003"]),
        ([], ["greenroom.E003"]),
    ],
)
def test_the_router_listens_on_addresses(found: Found, addresses: list[str], ids: list[str]) -> None:
    assert found(LISTEN=addresses) == ids


@pytest.mark.parametrize(("addresses", "ids"), [(["127.0.0.1", "::1"], []), (["::1", "192.0.2.7"], ["greenroom.E019"])])
def test_pages_of_errors_are_for_this_machine_alone(found: Found, addresses: list[str], ids: list[str]) -> None:
    assert found(DEBUG=True, LISTEN=addresses) == ids
    assert found(LISTEN=addresses) == []


@pytest.mark.parametrize("port", [0, 65536, -1])
def test_the_port_is_a_port(found: Found, port: int) -> None:
    assert found(PORT=port) == ["greenroom.E004"]


@pytest.mark.parametrize(
    "suffix", ["", "Example.org", "sites.example.org.", ".example.org", "a_b.org", "10.0.0.1", "x" * 64]
)
def test_the_suffix_is_a_host_name(found: Found, suffix: str) -> None:
    assert found(SUFFIX=suffix) == ["greenroom.E005"]


def test_an_unknown_mode_is_named(found: Found) -> None:
    assert found(DEFAULT_MODE="premium") == ["greenroom.E006"]


@pytest.mark.parametrize(
    ("mode", "ids"),
    [(0o700, []), (0o711, []), (0o750, ["greenroom.E007"]), (0o755, ["greenroom.E007"]), (0o770, ["greenroom.E007"])],
)
def test_the_data_folder_is_closed_to_others(found: Found, tmp_path: Path, mode: int, ids: list[str]) -> None:
    tmp_path.chmod(mode)
    assert found() == ids


@pytest.mark.parametrize(
    ("mode", "ids"), [(0o600, []), (0o400, []), (0o640, ["greenroom.E008"]), (0o604, ["greenroom.E008"])]
)
def test_the_key_file_is_closed_to_others(found: Found, tmp_path: Path, mode: int, ids: list[str]) -> None:
    (tmp_path / "secret.key").chmod(mode)
    assert found() == ids


def test_a_key_that_systemd_passes_may_be_read_by_the_group_of_the_service(found: Found, tmp_path: Path) -> None:
    passed = tmp_path / "credentials" / "greenroom.key"
    passed.parent.mkdir()
    passed.touch()
    passed.chmod(0o440)
    assert found(KEY_FILE=passed) == ["greenroom.W002"], "a second key file lies in the data folder"
    (tmp_path / "secret.key").unlink()
    assert found(KEY_FILE=passed) == []
    passed.chmod(0o444)
    assert found(KEY_FILE=passed) == ["greenroom.E008"]


def test_a_portal_under_the_suffix_of_the_sites_is_warned_of(found: Found) -> None:
    team = {"SUFFIX": "sites.example.org", "IS_LOCAL": False}
    for host, scheme, ids in (
        ("portal.sites.example.org", "http", ["greenroom.W001"]),
        ("portal.sites.example.org", "https", []),
        ("greenroom.example.org", "http", []),
    ):
        assert found(**team, PORTAL_HOST=host, PORTAL_URL=f"{scheme}://{host}") == ids


@pytest.mark.parametrize(
    ("address", "ids"),
    [
        ("https://localhost", []),
        ("http://localhost:9000", []),
        ("localhost", ["greenroom.E013"]),
        ("https://another.example", ["greenroom.E013"]),
        ("https://localhost/portal", ["greenroom.E013"]),
        ("https://localhost?x", ["greenroom.E013"]),
        ("https://admin@localhost", ["greenroom.E013"]),
        ("https://localhost:port", ["greenroom.E013"]),
        ("ftp://localhost", ["greenroom.E013"]),
    ],
)
def test_the_portals_address_leads_to_the_portals_host(found: Found, address: str, ids: list[str]) -> None:
    assert found(PORTAL_URL=address) == ids


@pytest.mark.parametrize(
    ("settings", "ids"),
    [
        ({"SECOND_FACTOR": "superusers"}, []),
        ({"SECOND_FACTOR": "superuser"}, ["greenroom.E010"]),
        ({"SESSION_HOURS": 0}, ["greenroom.E002"]),
        ({"SESSION_IDLE_MINUTES": -1}, ["greenroom.E002"]),
        ({"OIDC_ISSUER": "https://acme.example", "OIDC_CLIENT_ID": "a", "OIDC_CLIENT_SECRET": "b"}, []),
        ({"OIDC_ISSUER": "http://localhost:9", "OIDC_CLIENT_ID": "a", "OIDC_CLIENT_SECRET": "b"}, []),
        ({"OIDC_ISSUER": "http://acme.example", "OIDC_CLIENT_ID": "a", "OIDC_CLIENT_SECRET": "b"}, ["greenroom.E011"]),
        ({"OIDC_ISSUER": "https://acme.example", "OIDC_CLIENT_ID": "a"}, ["greenroom.E011"]),
    ],
)
def test_what_concerns_the_sign_in_is_possible(found: Found, settings: dict[str, object], ids: list[str]) -> None:
    assert found(**settings) == ids


def test_a_mail_server_is_reached_in_one_way(found: Found) -> None:
    assert found(EMAIL_USE_TLS=True) == []
    assert found(EMAIL_USE_TLS=True, EMAIL_USE_SSL=True) == ["greenroom.E012"]


@pytest.mark.parametrize(
    ("addresses", "ids"),
    [
        (["192.0.2.53", "10.0.0.2"], []),
        (["127.0.0.53"], ["greenroom.E008"]),
        (["2001:db8::53"], ["greenroom.E008"]),
        (["dns.example.org"], ["greenroom.E008"]),
    ],
)
def test_name_servers_are_addresses_that_sandboxes_reach(found: Found, addresses: list[str], ids: list[str]) -> None:
    assert found(NAME_SERVERS=addresses) == ids


@pytest.mark.parametrize(("value", "ids"), [("allow", []), ("refuse", []), ("no", ["greenroom.E009"])])
def test_private_networks_are_allowed_or_refused(found: Found, value: str, ids: list[str]) -> None:
    assert found(PRIVATE_NETWORKS=value) == ids


def test_a_package_index_on_this_machine_is_warned_of_where_builds_do_not_reach_it(
    found: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://localhost:3141/root/pypi")
    monkeypatch.setattr(checks.os, "geteuid", lambda: 0)
    assert found() == ["greenroom.W002"]
    assert found(ISOLATION="partial") == []
    monkeypatch.setattr(checks.os, "geteuid", lambda: 1000)
    assert found() == []


@pytest.mark.parametrize(
    ("place", "ids"),
    [
        ("", []),
        ("192.0.2.7:8443", []),
        ("[::1]:8443", []),
        ("xds.example.org:8443", ["greenroom.E015"]),
        ("192.0.2.7", ["greenroom.E015"]),
        ("192.0.2.7:70000", ["greenroom.E015"]),
        ("192.0.2.7:8080", ["greenroom.E015"]),
    ],
)
def test_routers_elsewhere_have_an_address_and_a_port_of_their_own(found: Found, place: str, ids: list[str]) -> None:
    assert found(XDS_LISTEN=place) == ids


@pytest.mark.parametrize("name", ["", "router 1", "-router", "r" * 65, "router\n1"])
def test_the_router_of_this_machine_has_a_name(found: Found, name: str) -> None:
    assert found(ROUTER_NODE=name) == ["greenroom.E014"]


@pytest.mark.parametrize(("token", "ids"), [("", []), ("a" * 23, ["greenroom.W003"]), ("a" * 24, [])])
def test_a_token_for_figures_that_could_be_guessed_is_warned_of(found: Found, token: str, ids: list[str]) -> None:
    assert found(METRICS_TOKEN=token) == ids
