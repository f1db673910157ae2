"""Specs and statuses as JSON, for the agent's socket and its files."""

from dataclasses import asdict, replace
from typing import Any

from sites.runtime.spec import (
    PATIENCE_SECONDS,
    EndReason,
    FolderQuota,
    FolderUse,
    InstanceState,
    InstanceStatus,
    InstanceUsage,
    Limits,
    MachineLimits,
    Mount,
    OutputOrder,
    OutputPiece,
    ProbeSpec,
    ProbeState,
    ProbeStatus,
    RevisionSpec,
    RunSpec,
    RunState,
    RunStatus,
    Written,
)

PROTOCOL = 3
"""Raised when an older agent could not follow an order; it stands in every answer."""

FORMER = ("has_network",)
"""Of runs that an older agent has kept on disk: now each has the network of an instance."""

Orders = RevisionSpec | RunSpec | ProbeSpec | MachineLimits | OutputOrder
Answers = InstanceStatus | InstanceUsage | RunStatus | ProbeStatus | FolderUse | OutputPiece
Encodable = Orders | Answers


def encode(value: Encodable) -> dict[str, Any]:
    """Plain data that `json.dumps` takes."""
    data = asdict(value)
    if isinstance(value, RunSpec) and value.stdio is None:
        del data["stdio"]  # agents that are older than it know all other runs
    if isinstance(value, ProbeSpec) and not value.speaks_http2:
        del data["speaks_http2"]  # the same
    if isinstance(value, MachineLimits) and value.patience_seconds == PATIENCE_SECONDS:
        del data["patience_seconds"]  # the same
    return data


def _shared(data: dict[str, Any]) -> dict[str, Any]:
    return {
        **data,
        "command": tuple(data["command"]),
        "mounts": tuple(Mount(**mount) for mount in data.get("mounts", ())),
        "limits": Limits(**data.get("limits", {})),
    }


def revision_spec(data: dict[str, Any]) -> RevisionSpec:
    """Raises KeyError or TypeError when the data is no RevisionSpec."""
    return RevisionSpec(**_shared(data))


def run_spec(data: dict[str, Any]) -> RunSpec:
    """Raises KeyError or TypeError when the data is no RunSpec."""
    spec = RunSpec(**_shared({name: value for name, value in data.items() if name not in FORMER}))
    if spec.stdio is None:
        return spec
    given, output, errors = spec.stdio
    return replace(spec, stdio=(given, output, errors))


def probe_spec(data: dict[str, Any]) -> ProbeSpec:
    """Raises KeyError or TypeError when the data is no ProbeSpec."""
    statuses = tuple((int(first), int(last)) for first, last in data["statuses"])
    return ProbeSpec(**{**data, "paths": tuple(data["paths"]), "statuses": statuses})


def instance_status(data: dict[str, Any]) -> InstanceStatus:
    """Raises KeyError, TypeError or ValueError when the data is no InstanceStatus."""
    written = data.get("written", {})
    return InstanceStatus(
        **{
            **data,
            "state": InstanceState(data["state"]),
            "reason": EndReason(data.get("reason", "")),
            "written": Written(**{**written, "places": tuple(written.get("places", ()))}),
        }
    )


def instance_usage(data: dict[str, Any]) -> InstanceUsage:
    """Raises TypeError when the data is no InstanceUsage."""
    return InstanceUsage(**data)


def run_status(data: dict[str, Any]) -> RunStatus:
    """Raises KeyError, TypeError or ValueError when the data is no RunStatus."""
    return RunStatus(**{**data, "state": RunState(data["state"]), "reason": EndReason(data.get("reason", ""))})


def probe_status(data: dict[str, Any]) -> ProbeStatus:
    """Raises KeyError, TypeError or ValueError when the data is no ProbeStatus."""
    return ProbeStatus(**{**data, "state": ProbeState(data["state"])})


def machine_limits(data: dict[str, Any]) -> MachineLimits:
    """Raises KeyError or TypeError when the data is no MachineLimits."""
    return MachineLimits(**{**data, "quotas": tuple(FolderQuota(**quota) for quota in data["quotas"])})


def folder_use(data: dict[str, Any]) -> FolderUse:
    """Raises TypeError when the data is no FolderUse."""
    return FolderUse(**data)


def output_order(data: dict[str, Any]) -> OutputOrder:
    """Raises KeyError or TypeError when the data is no OutputOrder."""
    return OutputOrder(**{**data, "revision_ids": tuple(int(one) for one in data["revision_ids"])})


def output_piece(data: dict[str, Any]) -> OutputPiece:
    """Raises TypeError when the data is no OutputPiece."""
    return OutputPiece(**data)
