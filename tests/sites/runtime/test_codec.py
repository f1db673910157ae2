"""What crosses the agent's socket comes out as it went in."""

import json
from dataclasses import replace

import pytest

from sites.runtime import codec
from sites.runtime.spec import (
    EndReason,
    FolderQuota,
    FolderUse,
    InstanceState,
    InstanceStatus,
    Limits,
    MachineLimits,
    Mount,
    RevisionSpec,
    RunSpec,
    RunState,
    RunStatus,
    Written,
)

REVISION = RevisionSpec(
    revision_id=7,
    generation=3,
    owner=4,
    name="contoso (staging)",
    count=2,
    app="/data/builds/1",
    command=("gunicorn", "app:app"),
    env={"KEY": "ä=b\n"},
    mounts=(Mount("/data/mounts/1", "/app/files"),),
    limits=Limits(memory_mb=256, cpus=0.5, processes=64),
    grace_seconds=2.5,
)
RUN = RunSpec("build-1", 4, "contoso", ("sh", "-c", "true"), {}, (Mount("/a", "/app", is_writable=False),), log="/l")


def test_orders_come_out_as_they_went_in() -> None:
    assert codec.revision_spec(json.loads(json.dumps(codec.encode(REVISION)))) == REVISION
    assert codec.run_spec(json.loads(json.dumps(codec.encode(RUN)))) == RUN
    typed = replace(RUN, stdio=("/dev/pts/3", "/dev/pts/3", "/dev/pts/3"))
    assert codec.run_spec(json.loads(json.dumps(codec.encode(typed)))) == typed


def test_an_agent_that_knows_no_terminals_understands_every_other_run() -> None:
    assert "stdio" not in codec.encode(RUN)


def test_reports_come_out_as_they_went_in() -> None:
    status = InstanceStatus(7, 1, 3, InstanceState.BACKOFF, "10.0.0.2", 8080, 2, 137, EndReason.MEMORY)
    status = replace(status, written=Written(("app.db", "logs/"), 3, 40))
    assert codec.instance_status(json.loads(json.dumps(codec.encode(status)))) == status
    run = RunStatus("build-1", RunState.ENDED, 137, EndReason.MEMORY)
    assert codec.run_status(json.loads(json.dumps(codec.encode(run)))) == run


def test_what_may_be_left_out_has_the_defaults_of_the_contract() -> None:
    data = {
        "revision_id": 1,
        "generation": 1,
        "owner": 1,
        "name": "",
        "count": 1,
        "app": "/a",
        "command": ["x"],
        "env": {},
    }
    spec = codec.revision_spec(data)
    assert (spec.mounts, spec.limits, spec.grace_seconds) == ((), Limits(), 30.0)


def test_what_is_no_order_is_refused() -> None:
    with pytest.raises((KeyError, TypeError)):
        codec.revision_spec({"command": ["x"], "surprise": 1})


def test_a_run_that_an_older_agent_kept_is_understood() -> None:
    kept = codec.encode(RUN) | {"has_network": True}
    assert codec.run_spec(kept) == RUN


def test_limits_and_uses_come_out_as_they_went_in() -> None:
    limits = MachineLimits(1536, 10, 2**30, (FolderQuota(4, "/data/mounts/4", 10**10, 10**6),))
    assert codec.machine_limits(json.loads(json.dumps(codec.encode(limits)))) == limits
    patient = replace(limits, patience_seconds=600.0)
    assert codec.machine_limits(json.loads(json.dumps(codec.encode(patient)))) == patient
    assert "patience_seconds" not in codec.encode(limits), "agents that are older know the default"
    use = FolderUse(4, 10, 2, is_read_only=True)
    assert codec.folder_use(json.loads(json.dumps(codec.encode(use)))) == use
