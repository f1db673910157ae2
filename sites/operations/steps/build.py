"""Steps BUILDING and RELEASING: content becomes runnable, and the release command runs once."""

from pathlib import Path

from django.conf import settings

from sites.content import build, explain, recognition, store
from sites.errors import BuildFailed, ReleaseFailed
from sites.models import Deployment, DeploymentState, Operation, SlotChange
from sites.operations import wording
from sites.operations.procedure import DONE, Progress
from sites.planning import configuration
from sites.runtime.base import Runtime
from sites.runtime.registry import get_runtime
from sites.runtime.spec import RunSpec, RunState

LINES_SHOWN = 12


def log_file(deployment: Deployment) -> Path:
    """Where the build and the release command of a deployment write."""
    return settings.LOG_DIR / "deployments" / f"{deployment.public_id.hex}.log"


def begin_build(operation: Operation) -> None:
    """Say that the deployment is being built."""
    operation.deployment.transition(DeploymentState.PENDING, DeploymentState.BUILDING)


def work_build(operation: Operation) -> Progress:
    """Have the runtime build the content in a sandbox; done at once when it is built already. Raises BuildFailed."""
    change = _change(operation)
    deployment = change.published
    recipe = _recipe(change)
    planned = _planned(change, recipe)
    if planned.run is not None:
        build.begin(planned)
        exit_code = _run(planned.run)
        if exit_code is None:
            return Progress(False, _last_line(deployment) or recipe.summary)
        if exit_code != 0:
            lines = _tail(deployment)
            build.abandon(planned.digest)
            get_runtime().end_run(planned.run.run_id)
            raise BuildFailed(
                message=deployment.message,
                where=explain.explain(lines, store.path_of(deployment.content_digest)),
                holds=wording.holds(operation),
                last_lines=wording.last_lines(lines[-LINES_SHOWN:]),
            )
        build.finish(planned.digest)
        get_runtime().end_run(planned.run.run_id)
    Deployment.objects.filter(pk=deployment.pk).update(
        build_digest=planned.digest, kind=recipe.kind, command=list(recipe.command)
    )
    return Progress(True, recipe.summary)


def work_release(operation: Operation) -> Progress:
    """Run the Procfile's release command once, under the settings of the slot published to. Raises ReleaseFailed."""
    change = _change(operation)
    deployment = change.published
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
        raise ReleaseFailed(
            message=deployment.message,
            exit_code=exit_code,
            holds=wording.holds(operation),
            last_lines=wording.last_lines(_tail(deployment)[-LINES_SHOWN:]),
        )
    deployment.transition((DeploymentState.BUILDING, DeploymentState.PENDING), DeploymentState.STARTING)
    return DONE


def forget_runs(operation: Operation) -> None:
    """End what may still run for a publication that has failed or was cancelled, and remove what it left."""
    change = _change(operation)
    planned = _planned(change, _recipe(change))
    runtime = get_runtime()
    if planned.run is not None:
        runtime.end_run(planned.run.run_id)
        build.abandon(planned.digest)
    runtime.end_run(_release_id(change.published))


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


def _change(operation: Operation) -> SlotChange:
    """The slot in which the deployment is to run: with auto swap that is production."""
    changes = operation.changes.select_related("slot__site", "workload_after", "deployment_after")
    return changes.get(deployment_after__operation=operation)


def _recipe(change: SlotChange) -> recognition.Recipe:
    start_command = configuration(change.held_slot, change.occupant_after).start_command
    return recognition.recognise(store.path_of(change.published.content_digest), start_command)


def _opened_log(deployment: Deployment) -> str:
    path = log_file(deployment)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    return str(path)


def _tail(deployment: Deployment) -> list[str]:
    try:
        return log_file(deployment).read_text(errors="replace").splitlines()[-60:]
    except FileNotFoundError:
        return []


def _last_line(deployment: Deployment) -> str:
    return next((line for line in reversed(_tail(deployment)) if line.strip()), "")
