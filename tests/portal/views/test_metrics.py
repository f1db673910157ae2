"""What Prometheus scrapes, and who may."""

import pytest
from django.conf import LazySettings
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import DjangoAssertNumQueries

from sites.models import MetricState, Slot
from sites.monitoring.counters import State
from tests.domain import Domain


@pytest.fixture
def slots(domain: Domain, settings: LazySettings) -> tuple[Slot, Slot]:
    settings.METRICS_TOKEN = "secret"
    return domain.staged()


def ask(token: str = "secret", scheme: str = "Bearer") -> object:
    return Client(SERVER_NAME="localhost").get("/metrics", headers={"Authorization": f"{scheme} {token}"})


def samples(answer: object) -> dict[tuple[str, ...], float]:
    """Name and labels → value."""
    order = ("site", "slot", "code", "le", "state")
    families = text_string_to_metric_families(answer.content.decode())
    return {
        (sample.name, *(sample.labels[label] for label in order if label in sample.labels)): sample.value
        for family in families
        for sample in family.samples
    }


def test_counters_of_slots_and_of_greenroom_are_given_by_name(slots: tuple[Slot, Slot]) -> None:
    production, staging = slots
    state = State(
        taken=1.0,
        codes={str(production.pk): {"200": 5, "404": 1}, str(staging.pk): {"200": 2}, "999999": {"200": 9}},
        times={str(production.pk): {"10": 4, "2500": 2}},
    )
    MetricState.objects.create(pk=1, data=state.packed())
    answer = ask()
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    found = samples(answer)
    assert found["greenroom_http_requests_total", "contoso", "production", "200"] == 5
    assert found["greenroom_http_requests_total", "contoso", "staging", "200"] == 2
    assert found["greenroom_http_request_duration_seconds_bucket", "contoso", "production", "0.01"] == 4
    assert found["greenroom_http_request_duration_seconds_bucket", "contoso", "production", "+Inf"] == 6
    assert found["greenroom_slots", "running"] == 2
    assert not [name for name in found if "999999" in name]


def test_the_number_of_queries_does_not_grow(
    domain: Domain, slots: tuple[Slot, Slot], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    more = [*slots, *domain.staged("fabrikam")]
    MetricState.objects.create(pk=1, data=State(codes={str(slot.pk): {"200": 1} for slot in more}).packed())
    with django_assert_max_num_queries(6):
        assert ask().status_code == 200


def test_nobody_without_the_token_gets_a_figure(slots: tuple[Slot, Slot], settings: LazySettings) -> None:
    for answer in (ask("wrong"), ask(scheme="Basic"), ask(""), Client(SERVER_NAME="localhost").get("/metrics")):
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    settings.METRICS_TOKEN = ""
    assert ask("").status_code == 404


def test_guesses_are_limited_and_the_token_is_taken_in_any_case(slots: tuple[Slot, Slot]) -> None:
    assert [ask("wrong").status_code for _ in range(40)][-1] == 429
    assert ask().status_code == 200
