"""The runtime adapter for one machine: it speaks to the agent over a unix socket."""

import json
from collections.abc import Iterable
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.conf import settings

from sites.errors import Failed, NoSpaceLeft, OutOfMemory, RuntimeUnreachable, StaleOrder
from sites.runtime import codec
from sites.runtime.spec import (
    FolderUse,
    InstanceStatus,
    InstanceUsage,
    MachineLimits,
    OutputOrder,
    OutputPiece,
    ProbeSpec,
    ProbeStatus,
    RevisionSpec,
    RunSpec,
    RunStatus,
)
from sites.unix_http import ask

TIMEOUT_SECONDS = 10.0


class ProcessRuntime:
    """Implements `sites.runtime.base.Runtime` by the agent's protocol."""

    def __init__(self) -> None:
        self._socket = Path(settings.AGENT_SOCKET)

    def apply(self, spec: RevisionSpec) -> None:
        """See Runtime.apply."""
        self._ask("PUT", f"/revisions/{spec.revision_id}", what=f"'{spec.name}'", json_body=codec.encode(spec))

    def observe(self, revision_ids: Iterable[int] | None = None) -> list[InstanceStatus]:
        """See Runtime.observe."""
        ids = None if revision_ids is None else list(revision_ids)
        if ids == []:
            return []
        params = {} if ids is None else {"revisions": ",".join(map(str, ids))}
        return [codec.instance_status(item) for item in self._ask("GET", "/instances", params=params)["instances"]]

    def usage(self, revision_ids: Iterable[int]) -> list[InstanceUsage]:
        """See Runtime.usage."""
        ids = list(revision_ids)
        answer = self._ask("POST", "/usage", json_body={"revisions": ids}) if ids else {"usage": []}
        return [codec.instance_usage(item) for item in answer["usage"]]

    def probe(self, specs: Iterable[ProbeSpec], *, wait_seconds: float = 0.0) -> list[ProbeStatus]:
        """See Runtime.probe."""
        order = {"probes": [codec.encode(spec) for spec in specs], "wait_seconds": wait_seconds}
        if not order["probes"]:
            return []
        return [codec.probe_status(item) for item in self._ask("POST", "/probes", json_body=order)["probes"]]

    def end_probes(self, prefix: str) -> None:
        """See Runtime.end_probes."""
        self._ask("POST", "/probes/end", json_body={"prefix": prefix})

    def log_tail(self, revision_id: int, ordinal: int, *, lines: int = 20) -> list[str]:
        """See Runtime.log_tail."""
        answer = self._ask("GET", f"/revisions/{revision_id}/{ordinal}/log", params={"lines": lines})
        return list(answer["lines"])

    def listening(self, revision_id: int, ordinal: int) -> list[str]:
        """See Runtime.listening."""
        return list(self._ask("GET", f"/revisions/{revision_id}/{ordinal}/listening")["addresses"])

    def read_output(self, order: OutputOrder) -> list[OutputPiece]:
        """See Runtime.read_output."""
        if not order.revision_ids:
            return []
        answer = self._ask("POST", "/output", json_body=codec.encode(order))
        return [codec.output_piece(item) for item in answer["pieces"]]

    def kill_connections(self, revision_id: int, *, fraction: float) -> int:
        """See Runtime.kill_connections; 0 where the machine cannot cut connections."""
        return int(self._ask("POST", f"/revisions/{revision_id}/cut", json_body={"fraction": fraction})["cut"])

    def memory_available_mb(self) -> int | None:
        """See Runtime.memory_available_mb."""
        return self.status().get("memory_available_mb")

    def keep_limits(self, limits: MachineLimits) -> list[FolderUse]:
        """See Runtime.keep_limits."""
        answer = self._ask("PUT", "/limits", json_body=codec.encode(limits))
        return [codec.folder_use(item) for item in answer["folders"]]

    def start_run(self, spec: RunSpec) -> None:
        """See Runtime.start_run."""
        self._ask("PUT", f"/runs/{spec.run_id}", what=f"'{spec.name}'", json_body=codec.encode(spec))

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
        self._ask(
            "POST",
            "/shutdown",
            json_body={"instances": with_instances},
            timeout_seconds=None if with_instances else TIMEOUT_SECONDS,
        )

    def _ask(
        self,
        method: str,
        path: str,
        *,
        what: str = "the runtime",
        params: dict[str, Any] | None = None,
        json_body: dict[str, Any] | None = None,
        timeout_seconds: float | None = TIMEOUT_SECONDS,
    ) -> dict[str, Any]:
        address = f"{path}?{urlencode(params)}" if params else path
        try:
            status, body = ask(self._socket, address, method=method, data=json_body, timeout=timeout_seconds)
            answer: dict[str, Any] = json.loads(body)
        except (OSError, HTTPException, ValueError) as error:
            raise RuntimeUnreachable(part="The agent", reason=str(error) or type(error).__name__) from error
        if answer.get("protocol") != codec.PROTOCOL:
            reason = f"it speaks protocol {answer.get('protocol')}, Greenroom {codec.PROTOCOL}"
            raise RuntimeUnreachable(part="The agent", reason=reason)
        if status == HTTPStatus.CONFLICT:
            raise StaleOrder(what=what)
        if status == HTTPStatus.INSUFFICIENT_STORAGE:
            if answer.get("reason") == "memory":
                raise OutOfMemory(what=what, reason=answer["error"])
            raise NoSpaceLeft(what=f"An order for {what}", holds="Nothing was changed.")
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise RuntimeUnreachable(part="The agent", reason=answer.get("error", "it failed"))
        if status >= HTTPStatus.BAD_REQUEST:
            raise Failed(f"The agent refused an order for {what}: {answer.get('error', 'no reason given')}")
        return answer
