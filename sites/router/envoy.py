"""The router adapter for Envoy: asks the xDS server, which alone speaks with Envoy."""

from collections.abc import Iterable
from typing import Any

import httpx
from django.conf import settings

from sites.errors import RouterUnreachable
from sites.router.base import Acknowledgement

PATIENCE_SECONDS = 5.0
"""How much longer than its own wait the xDS server may take."""


class EnvoyRouter:
    """Router over the control socket of `manage.py xds`; may be shared by threads."""

    def __init__(self) -> None:
        # A kept-alive connection would fail its first call after a restart of the xDS server.
        limits = httpx.Limits(max_keepalive_connections=0)
        transport = httpx.HTTPTransport(uds=str(settings.XDS_CONTROL_SOCKET), limits=limits)
        self._client = httpx.Client(transport=transport, base_url="http://xds", trust_env=False)

    def publish(self, site_id: int, version: int, *, wait_seconds: float = 5.0) -> Acknowledgement:
        """As in sites.router.base."""
        order = {"site_id": site_id, "version": version, "wait_seconds": wait_seconds}
        answer = self._ask("POST", "/publish", order, wait_seconds + PATIENCE_SECONDS)
        return Acknowledgement(versions=answer["versions"], refusals=answer["refusals"])

    def requests_in_progress(self, clusters: Iterable[str]) -> dict[str, int | None]:
        """As in sites.router.base; counting begins with the first call and ends some seconds after the last."""
        return self._ask("POST", "/load", {"clusters": list(clusters)}, PATIENCE_SECONDS)

    def status(self) -> dict[str, Any]:
        """What the xDS server knows of itself and its nodes (for `./greenroom status` and `doctor`)."""
        return self._ask("GET", "/status", None, PATIENCE_SECONDS)

    def _ask(self, method: str, path: str, body: dict[str, Any] | None, timeout: float) -> dict[str, Any]:
        try:
            response = self._client.request(method, path, json=body, timeout=timeout)
            answer = response.json()
        except (httpx.HTTPError, ValueError) as error:
            reason = str(error) or type(error).__name__
            raise RouterUnreachable(part="The router's xDS server", reason=reason) from error
        if response.is_error:
            raise RouterUnreachable(part="The router's xDS server", reason=answer.get("error", response.reason_phrase))
        return answer
