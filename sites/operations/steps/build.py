"""Steps BUILDING and RELEASING: content becomes runnable, and the release command runs once."""

from django.conf import settings

from sites.content import build, explain, recognition, store
from sites.errors import BuildFailed, Failed, ReleaseFailed
from sites.models import Deployment, DeploymentState, SlotChange
from sites.models.clock import now
from sites.operations import wording
from sites.operations.procedure import DONE, Progress
from sites.operations.turn import Turn
from sites.planning import configuration, deployment_log
from sites.runtime.base import Runtime
from sites.runtime.registry import get_runtime
from sites.runtime.spec import RunSpec, RunState

LINES_SHOWN = 12


def begin_build(turn: Turn) -> None:
    """Say that the deployment is being built."""
    _change(turn).published.transition(DeploymentState.PENDING, DeploymentState.BUILDING)


def work_build(turn: Turn) -> Progress:
    """Have the runtime build the content in a sandbox; done at once when it is built already. Raises BuildFailed."""
    change = _change(turn)
    deployment = change.published
    _refuse_failed(deployment, BuildFailed)
    if not store.path_of(deployment.content_digest).is_dir():
        raise Failed(f"{turn.what} was stopped: its content is gone from the server. {turn.holds} Publish it again.")
    recipe = _recipe(change)
    planned = _planned(change, recipe)
    if planned.run is not None:
        build.begin(planned)
        exit_code = _run(planned.run)
        if exit_code is None:
            return Progress(False, _last_line(deployment) or recipe.summary)
        if exit_code != 0:
            lines = _tail(deployment)
            raise _failed(
                deployment,
                BuildFailed(
                    message=deployment.message,
                    where=explain.explain(lines, store.path_of(deployment.content_digest)),
                    holds=turn.holds,
                    last_lines=wording.last_lines(lines[-LINES_SHOWN:]),
                ),
            )
        build.finish(planned.digest)
        get_runtime().end_run(planned.run.run_id)
    deployment.build_digest, deployment.kind, deployment.command = planned.digest, recipe.kind, list(recipe.command)
    deployment.save(update_fields=["build_digest", "kind", "command"])
    return Progress(True, recipe.summary)


def work_release(turn: Turn) -> Progress:
    """Run the Procfile's release command once, under the settings of the slot published to. Raises ReleaseFailed."""
    change = _change(turn)
    deployment = change.published
    _refuse_failed(deployment, ReleaseFailed)
    in_force = configuration(change.held_slot, change.occupant_after)
    app = settings.BUILD_DIR / deployment.build_digest / "app" if deployment.build_digest else None
    spec = build.plan_release(
        _recipe(change),
        app=app or store.path_of(deployment.content_digest),
        owner=change.held_slot.site_id,
        name=change.held_slot.title,
        env=in_force.env,
        mounts=in_force.mounts,
        log=_opened_log(deployment),
        run_id=_release_id(deployment),
    )
    exit_code = _run(spec) if spec is not None and change.is_running_after else 0
    if exit_code is None:
        return Progress(False, _last_line(deployment))
    if exit_code != 0:
        raise _failed(
            deployment,
            ReleaseFailed(
                message=deployment.message,
                exit_code=exit_code,
                holds=turn.holds,
                last_lines=wording.last_lines(_tail(deployment)[-LINES_SHOWN:]),
            ),
        )
    deployment.transition((DeploymentState.BUILDING, DeploymentState.PENDING), DeploymentState.STARTING)
    return DONE


def forget_runs(turn: Turn) -> None:
    """End what may still run for a publication that has failed or was cancelled, and remove what it left."""
    change = _change(turn)
    planned = _planned(change, _recipe(change))
    runtime = get_runtime()
    if planned.run is not None:
        runtime.end_run(planned.run.run_id)
        build.abandon(planned.digest)
    runtime.end_run(_release_id(change.published))


def _failed(deployment: Deployment, failure: Failed) -> Failed:
    """Write down how a run has ended before anything of it goes: the next worker is not to run it again."""
    deployment.transition(Deployment.OPEN, DeploymentState.FAILED, failure=str(failure), ended_at=now())
    return failure


def _refuse_failed(deployment: Deployment, failure: type[Failed]) -> None:
    """Raises `failure` when a worker before has found that the run has failed."""
    if deployment.state == DeploymentState.FAILED:
        raise failure(deployment.failure)


def _planned(change: SlotChange, recipe: recognition.Recipe) -> build.Build:
    return build.plan_build(
        change.published.content_digest,
        recipe,
        owner=change.held_slot.site_id,
        name=change.held_slot.title,
        log=_opened_log(change.published),
    )


def _release_id(deployment: Deployment) -> str:
    return f"release-{deployment.public_id.hex}"


def _run(spec: RunSpec) -> int | None:
    """Its exit code, None while it runs. Starting it twice starts it once."""
    runtime: Runtime = get_runtime()
    runtime.start_run(spec)
    status = runtime.observe_run(spec.run_id)
    return status.exit_code if status.state == RunState.ENDED else None


def _change(turn: Turn) -> SlotChange:
    """The slot in which the deployment is to run: with auto swap that is production."""
    return next(change for change in turn.changes if change.brings_deployment)


def _recipe(change: SlotChange) -> recognition.Recipe:
    start_command = configuration(change.held_slot, change.occupant_after).start_command
    return recognition.recognise(store.path_of(change.published.content_digest), start_command)


def _opened_log(deployment: Deployment) -> str:
    path = deployment_log(deployment)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    return str(path)


def _tail(deployment: Deployment) -> list[str]:
    try:
        return deployment_log(deployment).read_text(errors="replace").splitlines()[-60:]
    except FileNotFoundError:
        return []


def _last_line(deployment: Deployment) -> str:
    return next((line for line in reversed(_tail(deployment)) if line.strip()), "")
