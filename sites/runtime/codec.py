"""Specs and statuses as JSON, for the agent's socket and its files."""

from dataclasses import asdict
from typing import Any

from sites.runtime.spec import (
    InstanceState,
    InstanceStatus,
    Limits,
    Mount,
    ProbeSpec,
    ProbeState,
    ProbeStatus,
    RevisionSpec,
    RunSpec,
    RunState,
    RunStatus,
)

PROTOCOL = 2
"""Raised when an older agent could not follow an order; it stands in every answer."""


def encode(value: RevisionSpec | RunSpec | ProbeSpec | InstanceStatus | RunStatus | ProbeStatus) -> dict[str, Any]:
    """Plain data that `json.dumps` takes."""
    return asdict(value)


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
    return RunSpec(**_shared(data))


def probe_spec(data: dict[str, Any]) -> ProbeSpec:
    """Raises KeyError or TypeError when the data is no ProbeSpec."""
    statuses = tuple((int(first), int(last)) for first, last in data["statuses"])
    return ProbeSpec(**{**data, "paths": tuple(data["paths"]), "statuses": statuses})


def instance_status(data: dict[str, Any]) -> InstanceStatus:
    """Raises KeyError, TypeError or ValueError when the data is no InstanceStatus."""
    return InstanceStatus(**{**data, "state": InstanceState(data["state"])})


def run_status(data: dict[str, Any]) -> RunStatus:
    """Raises KeyError, TypeError or ValueError when the data is no RunStatus."""
    return RunStatus(**{**data, "state": RunState(data["state"])})


def probe_status(data: dict[str, Any]) -> ProbeStatus:
    """Raises KeyError, TypeError or ValueError when the data is no ProbeStatus."""
    return ProbeStatus(**{**data, "state": ProbeState(data["state"])})
