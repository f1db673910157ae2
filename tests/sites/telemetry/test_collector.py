"""The variables of the OpenTelemetry specification, or a sentence about which one is wrong."""

import pytest

from sites.telemetry.collector import Collector, collector_of

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
HEADERS = "OTEL_EXPORTER_OTLP_HEADERS"


@pytest.mark.parametrize(
    ("endpoint", "collector"),
    [
        ("", None),
        ("http://collector.example:4317", Collector("collector.example", 4317)),
        ("http://[::1]:5000/", Collector("::1", 5000)),
        ("https://collector.example", Collector("collector.example", 4317, is_tls=True)),
    ],
)
def test_an_endpoint_is_a_place(endpoint: str, collector: Collector | None) -> None:
    assert collector_of({ENDPOINT: endpoint}) == collector


@pytest.mark.parametrize("endpoint", ["collector:4317", "ftp://a:1", "http://", "http://a:x", "http://a:1/v1/logs"])
def test_anything_else_is_refused_by_name(endpoint: str) -> None:
    with pytest.raises(ValueError, match=f"^{ENDPOINT} must be"):
        collector_of({ENDPOINT: endpoint})


def test_headers_are_pairs_and_their_values_are_decoded() -> None:
    found = collector_of({ENDPOINT: "http://a:1", HEADERS: "Authorization=Bearer%20abc, x-team=web"})
    assert found is not None
    assert found.headers == (("authorization", "Bearer abc"), ("x-team", "web"))


@pytest.mark.parametrize("headers", ["secret", "a=b,secret", "na me=secret", "a=%0Asecret"])
def test_wrong_headers_are_refused_without_their_value(headers: str) -> None:
    with pytest.raises(ValueError, match=HEADERS) as refusal:
        collector_of({ENDPOINT: "http://a:1", HEADERS: headers})
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("share", ["2", "-1", "half", "nan"])
def test_the_share_of_traced_requests_is_a_number_from_0_to_1(share: str) -> None:
    with pytest.raises(ValueError, match="OTEL_TRACES_SAMPLER_ARG"):
        collector_of({ENDPOINT: "http://a:1", "OTEL_TRACES_SAMPLER_ARG": share})
    assert collector_of({ENDPOINT: "http://a:1", "OTEL_TRACES_SAMPLER_ARG": "0.25"}) == Collector("a", 1, sampled=0.25)


def test_another_protocol_is_refused() -> None:
    with pytest.raises(ValueError, match="must be grpc"):
        collector_of({ENDPOINT: "http://a:1", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"})
