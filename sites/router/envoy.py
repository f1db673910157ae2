"""The router adapter for Envoy: asks the xDS server, which alone speaks with Envoy."""

import http.client
import json
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from django.conf import settings

from sites.errors import RouterUnreachable
from sites.router.base import Acknowledgement, Served
from sites.router.statistics import STATISTICS, Statistics, parse
from sites.runtime.agent.identity import identify
from sites.unix_http import UnixConnection, ask

PATIENCE_SECONDS = 5.0
"""How much longer than its own wait the xDS server may take."""


STATISTICS_SECONDS = 10.0


class EnvoyRouter:
    """Router over the control socket of `manage.py xds`; may be shared by threads."""

    def __init__(self) -> None:
        self._socket = Path(settings.XDS_CONTROL_SOCKET)
        self._admin_socket = Path(settings.ENVOY_ADMIN_SOCKET)

    def publish(self, site_id: int, version: int, *, wait_seconds: float = 5.0) -> Acknowledgement:
        """As in sites.router.base."""
        order = {"site_id": site_id, "version": version, "wait_seconds": wait_seconds}
        answer = self._ask("POST", "/publish", order, wait_seconds + PATIENCE_SECONDS)
        return Acknowledgement(versions=answer["versions"], refusals=answer["refusals"])

    def requests_in_progress(self, clusters: Iterable[str]) -> dict[str, int | None]:
        """As in sites.router.base; counting begins with the first call and ends some seconds after the last."""
        return self._ask("POST", "/load", {"clusters": list(clusters)}, PATIENCE_SECONDS)["in_progress"]

    def requests_served(self, clusters: Iterable[str]) -> dict[str, Served | None]:
        """As in sites.router.base."""
        served = self._ask("POST", "/load", {"clusters": list(clusters)}, PATIENCE_SECONDS)["served"]
        return {name: Served(*counted) if counted else None for name, counted in served.items()}

    def statistics(self) -> Statistics:
        """As in sites.router.base: of the Envoy of this machine, which is asked itself."""
        try:
            with closing(UnixConnection(self._admin_socket, timeout=STATISTICS_SECONDS)) as connection:
                connection.connect()
                process = identify(connection.peer())
                connection.request("GET", STATISTICS)
                answer = connection.getresponse()
                text = answer.read().decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            raise RouterUnreachable(part="Envoy", reason=str(error) or type(error).__name__) from error
        if answer.status != http.client.OK:
            raise RouterUnreachable(part="Envoy", reason=f"it answered {answer.status}")
        if process is None:
            raise RouterUnreachable(part="Envoy", reason="it has ended")
        return parse(text, f"{process.boot} {process.pid} {process.starttime}")

    def status(self) -> dict[str, Any]:
        """What the xDS server knows of itself and its nodes; keys as in sites.router.xds.control."""
        return self._ask("GET", "/status", None, PATIENCE_SECONDS)

    def _ask(self, method: str, path: str, body: dict[str, Any] | None, timeout: float) -> dict[str, Any]:
        try:
            status, said = ask(self._socket, path, method=method, data=body, timeout=timeout)
            answer: dict[str, Any] = json.loads(said)
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = str(error) or type(error).__name__
            raise RouterUnreachable(part="The router's xDS server", reason=reason) from error
        if status != http.client.OK:
            reason = answer.get("error", f"it answered {status}")
            raise RouterUnreachable(part="The router's xDS server", reason=reason)
        return answer
