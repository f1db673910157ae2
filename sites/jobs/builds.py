"""Steps BUILDING and RELEASING: content becomes runnable, and the release command runs once."""

from dataclasses import replace

from django.conf import settings

from sites import retention
from sites.content import build, explain, recognition, store
from sites.content.tree import Folder
from sites.disk.use import Use, measure
from sites.errors import BuildFailed, ReleaseFailed
from sites.jobs import wording
from sites.jobs.procedure import DONE, Progress
from sites.logs.files import tail
from sites.models import Deployment, DeploymentState, Operation, Site, SlotChange
from sites.plain_text import without_colours
from sites.planning import build_log, configuration
from sites.runtime.base import Runtime
from sites.runtime.registry import get_runtime
from sites.runtime.spec import RunSpec, RunState, RunStatus

LINES_SHOWN = 12
LINES_EXPLAINED = 60
CACHE_PART = 4
"""What installers keep for the next build may take a quarter of the quota; then it is emptied."""
NO_LIMIT = 2**62


def begin_build(operation: Operation) -> None:
    """Say that the deployment is being built."""
    operation.deployment.transition(DeploymentState.PENDING, DeploymentState.BUILDING)


def work_build(operation: Operation) -> Progress:
    """Have the runtime build the content in a sandbox; done at once when it is built already. Raises BuildFailed."""
    change = _change(operation)
    deployment = change.published
    recipe = _recipe(change)
    with store.naming():
        planned = _planned(change, recipe)
        if planned.run is None:
            _record(deployment, recipe, planned.digest, measure(planned.app.parent) if planned.digest else Use())
            return Progress(True, recipe.summary)
    quota = retention.content_quota()
    build.begin(planned, cache_limit=Use(quota.bytes // CACHE_PART, quota.files // CACHE_PART))
    status = _run(_limited(planned.run, change.held_slot.site, quota))
    if status.state != RunState.ENDED:
        return Progress(False, _last_line(deployment) or recipe.summary)
    if status.exit_code != 0:
        raise _build_failed(operation, planned.run, status)
    try:
        with store.naming():
            _record(deployment, recipe, planned.digest, build.finish(planned.digest))
    except OSError as error:
        where = f": what it made cannot be kept ({error.strerror})"
        raise _build_failed(operation, planned.run, status, where) from error
    get_runtime().end_run(planned.run.run_id)
    return Progress(True, recipe.summary)


def _limited(run: RunSpec, site: Site, quota: Use) -> RunSpec:
    """A build may take what the site's quota leaves beside what its slots and its roll-back need."""
    used = retention.use_of(retention.needed(site))
    return replace(
        run,
        disk_bytes=max(1, quota.bytes - used.bytes) if quota.bytes else NO_LIMIT,
        disk_files=max(1, quota.files - used.files) if quota.files else NO_LIMIT,
    )


def _build_failed(operation: Operation, run: RunSpec, status: RunStatus, where: str = "") -> BuildFailed:
    """Why, from the end of the log; what the build left is removed."""
    deployment = _change(operation).published
    lines = _tail(deployment, LINES_EXPLAINED)
    if status.reason:
        where = f": it {wording.ended(status, run.limits.memory_mb)}"
    forget_runs(operation)
    return BuildFailed(
        message=deployment.message,
        where=where or explain.explain(lines, store.path_of(deployment.content_digest)),
        holds=wording.holds(operation),
        last_lines=wording.last_lines(lines[-LINES_SHOWN:]),
    )


def _record(deployment: Deployment, recipe: recognition.Recipe, digest: str, use: Use) -> None:
    Deployment.objects.filter(pk=deployment.pk).update(
        build_digest=digest,
        build_bytes=use.bytes,
        build_files=use.files,
        kind=recipe.kind,
        command=list(recipe.command),
    )


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
    if spec is not None and change.is_running_after:
        status = _run(spec)
        if status.state != RunState.ENDED:
            return Progress(False, _last_line(deployment))
        if status.exit_code != 0:
            raise ReleaseFailed(
                message=deployment.message,
                how=wording.ended(status, spec.limits.memory_mb),
                holds=wording.holds(operation),
                last_lines=wording.last_lines(_tail(deployment, LINES_SHOWN)),
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


def _run(spec: RunSpec) -> RunStatus:
    """How far it is. Starting it twice starts it once."""
    runtime: Runtime = get_runtime()
    runtime.start_run(spec)
    return runtime.observe_run(spec.run_id)


def _change(operation: Operation) -> SlotChange:
    """The slot in which the deployment is to run: with auto swap that is production."""
    changes = operation.changes.select_related("slot__site", "workload_after", "deployment_after")
    return changes.get(deployment_after__operation=operation)


def _recipe(change: SlotChange) -> recognition.Recipe:
    start_command = configuration(change.held_slot, change.occupant_after).start_command
    return recognition.recognise(Folder(store.path_of(change.published.content_digest)), start_command)


def _opened_log(deployment: Deployment) -> str:
    path = build_log(deployment)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    return str(path)


def _tail(deployment: Deployment, lines: int) -> list[str]:
    return tail(build_log(deployment), lines)


def _last_line(deployment: Deployment) -> str:
    """What it is at now; asked for often, so little is read."""
    lines = tail(build_log(deployment), LINES_SHOWN, most_bytes=4096)
    return without_colours(next((line for line in reversed(lines) if line.strip()), ""))
