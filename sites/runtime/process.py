"""The runtime adapter for one machine: it speaks to the agent over a unix socket."""

from collections.abc import Iterable
from typing import Any

import httpx
from django.conf import settings

from sites.errors import Failed, RuntimeUnreachable, StaleOrder
from sites.runtime import codec
from sites.runtime.spec import InstanceStatus, RevisionSpec, RunSpec, RunStatus

TIMEOUT_SECONDS = 10.0


class ProcessRuntime:
    """Implements `sites.runtime.base.Runtime` by the agent's protocol."""

    def __init__(self) -> None:
        transport = httpx.HTTPTransport(uds=str(settings.AGENT_SOCKET), retries=1)
        self._client = httpx.Client(transport=transport, base_url="http://agent", timeout=TIMEOUT_SECONDS)

    def apply(self, spec: RevisionSpec) -> None:
        """See Runtime.apply."""
        self._ask("PUT", f"/revisions/{spec.revision_id}", what=f"'{spec.name}'", json=codec.encode(spec))

    def observe(self, revision_ids: Iterable[int] | None = None) -> list[InstanceStatus]:
        """See Runtime.observe."""
        ids = None if revision_ids is None else list(revision_ids)
        if ids == []:
            return []
        params = {} if ids is None else {"revisions": ",".join(map(str, ids))}
        return [codec.instance_status(item) for item in self._ask("GET", "/instances", params=params)["instances"]]

    def log_tail(self, revision_id: int, ordinal: int, *, lines: int = 20) -> list[str]:
        """See Runtime.log_tail."""
        answer = self._ask("GET", f"/revisions/{revision_id}/{ordinal}/log", params={"lines": lines})
        return list(answer["lines"])

    def kill_connections(self, revision_id: int, *, fraction: float) -> int:
        """See Runtime.kill_connections; 0 where the machine cannot cut connections."""
        return int(self._ask("POST", f"/revisions/{revision_id}/cut", json={"fraction": fraction})["cut"])

    def start_run(self, spec: RunSpec) -> None:
        """See Runtime.start_run."""
        self._ask("PUT", f"/runs/{spec.run_id}", what=f"'{spec.name}'", json=codec.encode(spec))

    def observe_run(self, run_id: str) -> RunStatus:
        """See Runtime.observe_run."""
        return codec.run_status(self._ask("GET", f"/runs/{run_id}")["run"])

    def end_run(self, run_id: str) -> None:
        """See Runtime.end_run."""
        self._ask("DELETE", f"/runs/{run_id}")

    def status(self) -> dict[str, Any]:
        """What the agent says of itself: protocol, level, facts, missing, remedy, counts, memory."""
        return self._ask("GET", "/status")

    def shut_down(self, *, with_instances: bool) -> None:
        """Ends the agent, at once; or after it has ended all instances and runs gracefully."""
        self._ask("POST", "/shutdown", json={"instances": with_instances}, timeout=None if with_instances else 10.0)

    def _ask(self, method: str, path: str, *, what: str = "the runtime", **options: Any) -> dict[str, Any]:
        try:
            response = self._client.request(method, path, **options)
            answer: dict[str, Any] = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise RuntimeUnreachable(part="The agent", reason=str(error) or type(error).__name__) from error
        if response.status_code == httpx.codes.CONFLICT:
            raise StaleOrder(what=what)
        if answer.get("protocol") != codec.PROTOCOL:
            reason = f"it speaks protocol {answer.get('protocol')}, Greenroom {codec.PROTOCOL}"
            raise RuntimeUnreachable(part="The agent", reason=reason)
        if response.is_server_error:
            raise RuntimeUnreachable(part="The agent", reason=answer.get("error", "it failed"))
        if response.is_error:
            raise Failed(f"The agent refused an order for {what}: {answer.get('error', 'no reason given')}")
        return answer
