"""A build runs once, also when the workers that wait for it die."""

from pathlib import Path

import pytest
from django.conf import LazySettings

from sites.models import Deployment, Operation, Step
from sites.operations.stages import STAGES
from sites.operations.turn import Turn
from sites.runtime.spec import RunSpec
from sites.services import deployments
from tests.deaths import Killed
from tests.domain import Domain, alter_stage
from tests.sites.operations.scenes import BUILT, archive_of


@pytest.fixture(autouse=True)
def _uv(settings: LazySettings, tmp_path: Path) -> None:
    settings.BASE_DIR = tmp_path
    uv = tmp_path / ".boot" / "bin" / "uv"
    uv.parent.mkdir(parents=True)
    uv.touch()


@pytest.fixture
def publication(domain: Domain) -> Operation:
    return deployments.publish_zip(
        acting_user=domain.alice,
        author="alice",
        slot=domain.create().slots.get(),
        archive=archive_of(domain, BUILT),
        message="three",
        deployer="Portal",
    )


@pytest.mark.parametrize(("step", "code"), [("build", "BuildFailed"), ("release", "ReleaseFailed")])
def test_a_run_that_failed_is_found_failed_by_the_next_worker(
    domain: Domain, publication: Operation, monkeypatch: pytest.MonkeyPatch, step: str, code: str
) -> None:
    start_run = domain.runtime.start_run
    clean_up = STAGES[Step.BUILDING].clean_up
    deaths: list[Turn] = []

    def start(spec: RunSpec) -> None:
        start_run(spec)
        domain.runtime.end_run_with(spec.run_id, 1 if spec.run_id.startswith(step) else 0)

    def clean_up_and_die(turn: Turn) -> None:
        clean_up(turn)
        if not deaths:
            deaths.append(turn)
            raise Killed

    monkeypatch.setattr(domain.runtime, "start_run", start)
    alter_stage(monkeypatch, Step.BUILDING, clean_up=clean_up_and_die)
    with pytest.raises(Killed):
        domain.look(publication)
    assert Deployment.objects.get(operation=publication).state == "failed"
    domain.work(domain.bury(publication))
    assert (publication.state, publication.error_code) == ("failed", code)
    runs = [order.run_id for order in domain.runtime.orders if isinstance(order, RunSpec)]
    assert sum(run_id.startswith(step) for run_id in runs) == 1
    assert domain.runtime.runs == {}


def test_nothing_of_a_publication_is_left_with_the_runtime(domain: Domain, publication: Operation) -> None:
    assert domain.work(publication).state == "succeeded", publication.outcome
    assert domain.runtime.runs == {}
