"""A build and a release command are bounded, say why they were ended, and leave nothing behind."""

from pathlib import Path

import pytest
from django.conf import LazySettings

from sites.disk import trees
from sites.models import Deployment, Operation
from sites.operations.steps.build import NO_LIMIT
from sites.planning import build_log
from sites.runtime.spec import EndReason, RunSpec
from sites.services import deployments
from tests.domain import Domain

FLASK = {"app.py": "from flask import Flask\napp = Flask(__name__)\n", "requirements.txt": "flask"}


@pytest.fixture(autouse=True)
def _own_store(settings: LazySettings, tmp_path: Path) -> None:
    for name in ("CONTENT", "BUILD", "UPLOAD", "CACHE"):
        setattr(settings, f"{name}_DIR", tmp_path / name.lower())


def publish(domain: Domain, **files: str) -> Operation:
    slot = domain.create().slots.get()
    operation = deployments.publish_zip(
        acting_user=domain.alice,
        author="alice",
        slot=slot,
        archive=domain.archive("x", **files),
        message="one",
        deployer="Portal",
    )
    return domain.work(operation)


def builds_ordered(domain: Domain) -> list[RunSpec]:
    return [order for order in domain.runtime.orders if isinstance(order, RunSpec)]


def test_a_build_may_take_what_the_quota_leaves(domain: Domain, settings: LazySettings) -> None:
    settings.SITE_CONTENT_BYTES, settings.SITE_CONTENT_FILES = 1_000_000, 50
    assert publish(domain, **FLASK).state == "succeeded"
    (run,) = builds_ordered(domain)
    size = sum(len(body) for body in (*FLASK.values(), "x"))
    assert (run.disk_bytes, run.disk_files) == (1_000_000 - size, 47)
    row = Deployment.objects.get()
    assert (row.content_bytes, row.content_files) == (size, 3)
    assert row.build_files >= 3 and row.build_bytes > 0


def test_without_a_quota_a_build_is_watched_for_the_disk_alone(domain: Domain, settings: LazySettings) -> None:
    settings.SITE_CONTENT_BYTES = settings.SITE_CONTENT_FILES = 0
    publish(domain, **FLASK)
    (run,) = builds_ordered(domain)
    assert (run.disk_bytes, run.disk_files) == (NO_LIMIT, NO_LIMIT)


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (EndReason.MEMORY, "it was ended because it used all of its 1,792 MB of memory"),
        (EndReason.MACHINE, "all web sites together had used the memory of this machine"),
        (EndReason.QUOTA, "it wrote more to the disk than the web site may have"),
        (EndReason.DISK, "the disk of this machine is nearly full"),
    ],
)
def test_a_build_that_was_ended_says_why(domain: Domain, reason: EndReason, said: str) -> None:
    domain.runtime.run_exit_code, domain.runtime.end_reason = 137, reason
    operation = publish(domain, **FLASK)
    assert operation.state == "failed"
    assert "The build of 'one' failed: it was ended because" in operation.outcome
    assert said in operation.outcome


def test_a_release_command_that_was_ended_says_why(domain: Domain) -> None:
    domain.runtime.run_exit_code, domain.runtime.end_reason = 137, EndReason.MEMORY
    operation = publish(domain, Procfile="web: ./serve\nrelease: ./migrate")
    assert "The release command of 'one' was ended because it used all of its 1,792 MB of memory." in operation.outcome


def test_an_instance_that_was_ended_for_memory_says_its_limit(domain: Domain) -> None:
    domain.runtime.end_reason = EndReason.MEMORY
    domain.runtime.exit_with(("/bin/sh", "-c", "exec ./serve"), 0, 137)
    operation = publish(domain, Procfile="web: ./serve")
    assert operation.state == "failed"
    assert "was ended because it used all of its 1,792 MB of memory before it listened on its port" in operation.outcome
    assert "137" not in operation.outcome


def test_a_failed_build_is_told_from_a_bounded_end_of_its_log(domain: Domain) -> None:
    domain.runtime.run_exit_code = None
    slot = domain.create().slots.get()
    operation = deployments.publish_zip(
        acting_user=domain.alice,
        author="alice",
        slot=slot,
        archive=domain.archive("x", **FLASK),
        message="one",
        deployer="Portal",
    )
    domain.look(operation)
    with build_log(operation.deployment).open("wb") as log:
        log.truncate(20 * 1024**3)
        log.seek(0, 2)
        log.write(b"\n" + b"x" * 100_000 + b" the end\n")
    domain.runtime.run_exit_code = 1
    assert domain.work(operation).state == "failed"
    assert operation.outcome.endswith("the end")
    assert len(operation.outcome) < 11_000


def test_a_build_with_folders_without_end_fails_with_the_reason(
    domain: Domain, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trees, "DEEPEST", 2)
    operation = publish(domain, **FLASK, **{"a/b/c.py": ""})
    assert operation.state == "failed"
    assert "The build of 'one' failed: what it made cannot be kept (folders lie in folders" in operation.outcome
    assert list(settings.BUILD_DIR.iterdir()) == []
