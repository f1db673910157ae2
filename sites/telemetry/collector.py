"""The collector of an installation, as the variables of the OpenTelemetry specification name it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

DEFAULT_PORT = 4317
"""Of OTLP over gRPC."""
_HEADER = re.compile(r"[a-z0-9_.-]+")


@dataclass(frozen=True, slots=True)
class Collector:
    """Where something takes OTLP over gRPC."""

    host: str
    port: int
    is_tls: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    """Secret: most collectors of others are told by them who sends."""
    sampled: float = 1.0
    """Share of the requests that are traced, 0–1."""

    @property
    def target(self) -> str:
        """As gRPC names it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def collector_of(environment: Mapping[str, str]) -> Collector | None:
    """The collector that the environment names; None where it names none.

    Read are OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS and OTEL_TRACES_SAMPLER_ARG. Raises ValueError with
    a sentence that holds no secret.
    """
    endpoint = environment.get("OTEL_EXPORTER_OTLP_ENDPOINT", "").strip()
    if not endpoint:
        return None
    wrong = f"OTEL_EXPORTER_OTLP_ENDPOINT must be http://HOST:PORT or https://HOST:PORT, not '{endpoint[:80]}'."
    try:
        parts = urlsplit(endpoint)
        port = parts.port or DEFAULT_PORT
    except ValueError:
        raise ValueError(wrong) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/") or parts.query:
        raise ValueError(wrong)
    if environment.get("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc") != "grpc":
        raise ValueError("OTEL_EXPORTER_OTLP_PROTOCOL must be grpc, the one that Greenroom speaks.")
    return Collector(
        parts.hostname,
        port,
        parts.scheme == "https",
        _headers(environment.get("OTEL_EXPORTER_OTLP_HEADERS", "")),
        _share(environment.get("OTEL_TRACES_SAMPLER_ARG", "")),
    )


def _headers(text: str) -> tuple[tuple[str, str], ...]:
    """`name=value,name=value`, the values percent-encoded."""
    found = []
    for number, pair in enumerate(filter(None, map(str.strip, text.split(","))), 1):
        name, sign, value = pair.partition("=")
        name, value = name.strip().lower(), unquote(value.strip())
        if not sign or not _HEADER.fullmatch(name) or not value.isascii() or not value.isprintable():
            raise ValueError(f"OTEL_EXPORTER_OTLP_HEADERS must be NAME=VALUE,NAME=VALUE; number {number} is not.")
        found.append((name, value))
    return tuple(found)


def _share(text: str) -> float:
    try:
        share = float(text or 1)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ValueError(f"OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1, not '{text[:40]}'.")
    return share
