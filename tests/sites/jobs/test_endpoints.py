"""Web endpoints: asked side by side, where they may lead, and what is written down of each."""

from collections.abc import Callable, Iterator

import pytest
from django.test import override_settings

from sites.errors import SettingRefused
from sites.jobs import endpoints
from sites.models import Category, EndpointCheck, MetricSample, Mode, Site, Slot
from sites.models.clock import now
from sites.monitoring.measured import measured
from sites.services.endpoints import endpoints_of
from sites.services.settings import Entry
from tests.domain import Domain
from tests.fakes.receiver import Receiver, receiver

Save = Callable[..., None]


@pytest.fixture
def site_elsewhere() -> Iterator[Receiver]:
    """What answers at an endpoint, on this machine."""
    with receiver() as found:
        yield found


@pytest.fixture
def save(domain: Domain) -> Save:
    def saved(slot: Slot, *urls: str) -> None:
        entries = [Entry(f"endpoint_{number}", url) for number, url in enumerate(urls, start=1)]
        domain.save(slot, *entries, category=Category.MONITORING)

    return saved


def checks(slot: Slot) -> dict[str, tuple[int | None, str]]:
    return {check.name: (check.status, check.fault) for check in EndpointCheck.objects.filter(slot=slot)}


def figures(slot: Slot) -> dict[str, int]:
    return {name: value for row in MetricSample.objects.filter(slot=slot) for name, value in row.figures.items()}


@override_settings(WEBHOOK_HOSTS=["127.0.0.1"])
def test_status_and_response_time_are_written_down(domain: Domain, save: Save, site_elsewhere: Receiver) -> None:
    production, _ = domain.staged()
    save(production, site_elsewhere.url("/health"), "http://127.0.0.1:1/")
    site_elsewhere.answers = [(204, ""), (500, "")]
    endpoints.run()
    found = checks(production)
    assert found["endpoint_1"] == (204, "")
    assert found["endpoint_2"][0] is None
    assert found["endpoint_2"][1].startswith("'127.0.0.1:1' does not take the connection")
    assert figures(production)["endpoint_2_failed"] == 1 and figures(production)["endpoint_1_ms"] >= 0
    assert [(one.number, one.health) for one in endpoints_of(production)] == [(1, "good"), (2, "bad")]
    values = measured([production], ["endpoint_1_failed", "endpoint_2_failed", "endpoint_1_ms"], now())
    assert values[production.pk, "endpoint_1_failed"] == 0 and values[production.pk, "endpoint_2_failed"] == 1
    assert values[production.pk, "endpoint_1_ms"] is not None

    endpoints.run()
    assert checks(production)["endpoint_1"] == (500, "The answer was 500.")
    save(production, site_elsewhere.url("/other"))
    assert [(one.number, one.health) for one in endpoints_of(production)] == [(1, "unknown")]


def test_nothing_on_this_machine_is_asked_but_the_sites_own_host_names_at_the_router(
    domain: Domain, save: Save, site_elsewhere: Receiver
) -> None:
    production, staging = domain.staged()
    domain.create("fabrikam")
    save(production, site_elsewhere.url("/admin"), "http://fabrikam.localhost/")
    save(staging, "http://contoso-staging.localhost/health", "http://contoso-staging.localhost:1/")
    with override_settings(PORT=site_elsewhere.port):
        endpoints.run()
    refused = checks(production)
    assert "this machine itself" in refused["endpoint_1"][1] and refused["endpoint_2"][0] is None, refused
    assert checks(staging) == {"endpoint_1": (200, ""), "endpoint_2": (200, "")}
    assert {request.path for request in site_elsewhere.received} == {"/health", "/"}
    assert {request.headers["host"] for request in site_elsewhere.received} == {
        "contoso-staging.localhost", "contoso-staging.localhost:1",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("listen", "asked"),
    [(["127.0.0.2"], "127.0.0.2"), (["0.0.0.0"], "127.0.0.1"), (["::", "127.0.0.1"], "::1")],  # noqa: S104
)
def test_the_router_is_asked_where_it_listens(domain: Domain, save: Save, listen: list[str], asked: str) -> None:
    production, _ = domain.staged()
    save(production, "http://contoso.localhost/", "https://contoso.localhost/")
    with override_settings(LISTEN=listen, PORT=8000, TLS_PORT=8443):
        assert [one.via for one in endpoints._questions()] == [(asked, 8000), (asked, 8443)]


def test_a_router_that_takes_connections_of_proxies_alone_is_asked_by_their_way(domain: Domain, save: Save) -> None:
    production, _ = domain.staged()
    save(production, "http://contoso.localhost/")
    with override_settings(PROXY_PROTOCOL=True):
        assert [one.via for one in endpoints._questions()] == [None]


def test_only_standard_has_them_and_what_was_saved_rests(domain: Domain, save: Save) -> None:
    production, _ = domain.staged()
    save(production, "http://127.0.0.1:1/")
    Site.objects.update(mode=Mode.SHARED)
    production = Slot.objects.get(pk=production.pk)
    endpoints.run()
    assert checks(production) == {}
    save(production, "http://127.0.0.1:1/")  # as it is
    with pytest.raises(SettingRefused, match="web endpoints are not available in Shared mode, only in Standard"):
        save(production, "http://127.0.0.1:1/", "https://www.example.org/")


def test_a_turn_has_an_end_and_goes_on_with_those_that_waited_longest(
    domain: Domain, save: Save, site_elsewhere: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    production, staging = domain.staged()
    with override_settings(WEBHOOK_HOSTS=["127.0.0.1"]):
        save(production, site_elsewhere.url())
        endpoints.run()
        save(staging, site_elsewhere.url())
        assert [question.slot for question in endpoints._questions()] == [staging, production]
        monkeypatch.setattr(endpoints, "TURN_SECONDS", -1.0)
        endpoints.run()
    assert checks(staging) == {}


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://www.example.org/", "begins with http:// or https://"),
        ("https://user:secret@www.example.org/", "no user and no password"),
        ("https:///health", "names no host"),
        ("https://www.example.org:0/", "no port number"),
        ("https://www.example.org/a b", "no blank"),
        ("https://2130706433/", "names no host"),
        ("http://www.example.org/\x7f", "no blank"),
        ("http://[", "cannot be read; write an IPv6 address as in"),
    ],
)
def test_what_is_no_address_is_refused(domain: Domain, save: Save, url: str, reason: str) -> None:
    production, _ = domain.staged()
    with pytest.raises(SettingRefused, match=reason):
        save(production, url)
