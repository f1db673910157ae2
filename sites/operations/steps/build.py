"""Steps BUILDING and RELEASING: content becomes runnable, and the release command runs once."""

from dataclasses import asdict, replace
from pathlib import Path

from django.conf import settings

from sites import kept_deployments
from sites.content import build, explain, interpreters, recognition, store, tools
from sites.content.needed import in_both, interpreter_needed
from sites.content.recipe import Recipe
from sites.content.tree import Folder
from sites.content.wanted import Wanted
from sites.disk.use import Use, measure
from sites.errors import BuildFailed, Failed, InterpreterMissing, ReleaseFailed
from sites.general_settings import HTTP2
from sites.logs.files import tail
from sites.models import Deployment, DeploymentState, Site, SlotChange
from sites.models.clock import now
from sites.operations import wording
from sites.operations.procedure import DONE, Progress
from sites.operations.turn import Turn
from sites.plain_text import without_colours
from sites.planning import Traits, build_log, configuration, traits_of
from sites.runtime.base import Runtime
from sites.runtime.registry import get_runtime
from sites.runtime.spec import RunSpec, RunState, RunStatus

LINES_SHOWN = 12
LINES_EXPLAINED = 60
LINES_SEARCHED, BYTES_SEARCHED = 2000, 512 * 1024
"""For what packages need: npm says it before it installs them."""
CACHE_PART = 4
"""What installers keep for the next build may take a quarter of the quota; then it is emptied."""
NO_LIMIT = 2**62


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
    _introduce(deployment, recipe)
    choices = [tools.choose(wanted) for wanted in recipe.wanted]
    fetched = next((choice for choice in choices if choice.found is None), None)
    if fetched is not None:
        return _fetch(turn, fetched)
    recipe = tools.equip(recipe, choices)
    with store.naming():
        planned = _planned(change, recipe)
        if planned.run is None:
            _record(change, recipe, planned.digest, measure(planned.app.parent) if planned.digest else Use())
            return Progress(True, recipe.summary)
    quota = kept_deployments.content_quota()
    build.begin(planned, cache_limit=Use(quota.bytes // CACHE_PART, quota.files // CACHE_PART))
    status = _run(_limited(planned.run, change.held_slot.site, quota))
    if status.state != RunState.ENDED:
        return Progress(False, _last_line(deployment) or recipe.summary)
    if status.exit_code != 0:
        if (needed := _needed(deployment, recipe)) is not None:
            return _begin_again(deployment, planned, needed)
        raise _build_failed(turn, planned.run, status)
    try:
        with store.naming():
            _record(change, recipe, planned.digest, build.finish(planned.digest))
    except OSError as error:
        where = f": what it made cannot be kept ({error.strerror})"
        raise _build_failed(turn, planned.run, status, where) from error
    get_runtime().end_run(planned.run.run_id)
    return Progress(True, recipe.summary)


def _fetch(turn: Turn, choice: tools.Choice) -> Progress:
    """Have an interpreter fetched that the machine does not have. Raises BuildFailed where there is none to have."""
    change, tool = _change(turn), f"{choice.wanted.tool} {choice.version or choice.wanted.shown}"
    if not choice.version:
        raise _failed(change.published, _missing(turn, choice, tool, ""))
    run = tools.plan_fetch(choice, name=change.held_slot.title, log=_opened_log(change.published))
    tools.begin_fetch(choice)
    status = _run(run)
    if status.state != RunState.ENDED:
        return Progress(False, f"Fetching {tool}")
    get_runtime().end_run(run.run_id)
    if status.exit_code != 0:
        tools.abandon_fetch(choice)
        raise _failed(change.published, _missing(turn, choice, tool, " and could not fetch it"))
    tools.finish_fetch(choice)
    return Progress(False, f"{tool} is there")


def _missing(turn: Turn, choice: tools.Choice, tool: str, and_not: str) -> Failed:
    deployment = _change(turn).published
    return InterpreterMissing(
        message=deployment.message,
        source=choice.wanted.source,
        wanted=tool,
        not_fetched=and_not,
        found=interpreters.names(choice.wanted),
        holds=turn.holds,
        last_lines=wording.last_lines(_tail(deployment, LINES_SHOWN)) if and_not else "",
    )


def _introduce(deployment: Deployment, recipe: Recipe) -> None:
    """The log begins with what was recognised, and with what of the content has no effect."""
    log = Path(_opened_log(deployment))
    if log.stat().st_size == 0:
        log.write_text("".join(f"{line}\n" for line in (f"Recognised: {recipe.summary}", *recipe.notes)))


def _needed(deployment: Deployment, recipe: Recipe) -> Wanted | None:
    """The interpreter that the packages of a failed build need, where the project leaves that open; found once only."""
    needed = interpreter_needed(tail(build_log(deployment), LINES_SEARCHED, max_bytes=BYTES_SEARCHED))
    if needed is None or traits_of(deployment).needed:
        return None
    said = next((one.versions for one in recipe.wanted if one.tool == needed.tool), "")
    both = in_both(said, needed)
    return replace(needed, versions=both) if both else None


def _begin_again(deployment: Deployment, planned: build.Build, needed: Wanted) -> Progress:
    """With another interpreter, written down last: a worker that dies before lets the build fail once more."""
    tool = needed.tool
    sentence = f"{needed.source} needs {tool} {needed.versions}, so the build begins again with a {tool} that fits."
    with Path(_opened_log(deployment)).open("a") as log:
        log.write(f"==> {sentence}\n")
    if planned.run is not None:
        get_runtime().end_run(planned.run.run_id)
    build.abandon(planned.digest)
    deployment.traits = {**deployment.traits, "needed": [needed.tool, needed.versions, needed.source]}
    deployment.save(update_fields=["traits"])
    return Progress(False, sentence)


def _limited(run: RunSpec, site: Site, quota: Use) -> RunSpec:
    """A build may take what the site's quota leaves beside what its slots and its roll-back need."""
    used = kept_deployments.use_of(kept_deployments.needed(site))
    return replace(
        run,
        disk_bytes=max(1, quota.bytes - used.bytes) if quota.bytes else NO_LIMIT,
        disk_files=max(1, quota.files - used.files) if quota.files else NO_LIMIT,
    )


def _build_failed(turn: Turn, run: RunSpec, status: RunStatus, where: str = "") -> Failed:
    """Why, from the end of the log."""
    deployment = _change(turn).published
    lines = _tail(deployment, LINES_EXPLAINED)
    if status.reason:
        where = f": it {wording.ended(status, run.limits.memory_mb)}"
    failure = BuildFailed(
        message=deployment.message,
        where=where or explain.explain(lines, store.path_of(deployment.content_digest)),
        holds=turn.holds,
        last_lines=wording.last_lines(lines[-LINES_SHOWN:]),
    )
    return _failed(deployment, failure)


def _record(change: SlotChange, recipe: Recipe, digest: str, use: Use) -> None:
    deployment = change.published
    deployment.build_digest, deployment.build_bytes, deployment.build_files = digest, use.bytes, use.files
    deployment.kind, deployment.command = recipe.kind, list(recipe.command)
    page = recipe.fallback_page or (build.fallback_page(digest) if digest else "")
    mounts = tuple(mount.source for mount in build.interpreter_mounts(recipe))
    is_http2 = configuration(change.held_slot, change.occupant_after).is_on(HTTP2)
    traits = Traits(mounts, page, recipe.warmup_paths, traits_of(deployment).needed, is_http2)
    deployment.traits = {name: value for name, value in asdict(traits).items() if value}
    deployment.save(update_fields=["build_digest", "build_bytes", "build_files", "kind", "command", "traits"])


def work_release(turn: Turn) -> Progress:
    """Run the Procfile's release command once, under the settings of the slot published to. Raises ReleaseFailed."""
    change = _change(turn)
    deployment = change.published
    _refuse_failed(deployment, ReleaseFailed)
    in_force = configuration(change.held_slot, change.occupant_after)
    app = settings.BUILD_DIR / deployment.build_digest / "app" if deployment.build_digest else None
    recipe = _equipped(change)
    spec = build.plan_release(
        recipe,
        app=app or store.path_of(deployment.content_digest),
        owner=change.held_slot.site_id,
        name=change.held_slot.title,
        env=in_force.env,
        mounts=(*in_force.mounts, *build.interpreter_mounts(recipe)),
        log=_opened_log(deployment),
        run_id=_release_id(deployment),
    )
    if spec is not None and change.is_running_after:
        status = _run(spec)
        if status.state != RunState.ENDED:
            return Progress(False, _last_line(deployment))
        if status.exit_code != 0:
            raise _failed(
                deployment,
                ReleaseFailed(
                    message=deployment.message,
                    how=wording.ended(status, spec.limits.memory_mb),
                    holds=turn.holds,
                    last_lines=wording.last_lines(_tail(deployment, LINES_SHOWN)),
                ),
            )
    deployment.transition((DeploymentState.BUILDING, DeploymentState.PENDING), DeploymentState.STARTING)
    return DONE


def forget_runs(turn: Turn) -> None:
    """End what may still run for a publication that has failed or was cancelled, and remove what it left."""
    change = _change(turn)
    planned = _planned(change, _equipped(change))
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


def _planned(change: SlotChange, recipe: Recipe) -> build.Build:
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


def _change(turn: Turn) -> SlotChange:
    """The slot in which the deployment is to run: with auto swap that is production."""
    return next(change for change in turn.changes if change.brings_deployment)


def _recipe(change: SlotChange) -> Recipe:
    choices = configuration(change.held_slot, change.occupant_after).choices
    recipe = recognition.recognise(Folder(store.path_of(change.published.content_digest)), choices)
    needed = traits_of(change.published).needed
    return recipe.asking_for(Wanted(*needed)) if needed else recipe


def _equipped(change: SlotChange) -> Recipe:
    """With the interpreters that are there."""
    recipe = _recipe(change)
    return tools.equip(recipe, [tools.choose(wanted) for wanted in recipe.wanted])


def _opened_log(deployment: Deployment) -> str:
    path = build_log(deployment)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    return str(path)


def _tail(deployment: Deployment, lines: int) -> list[str]:
    return tail(build_log(deployment), lines)


def _last_line(deployment: Deployment) -> str:
    """What it is at now; asked for often, so little is read."""
    lines = tail(build_log(deployment), LINES_SHOWN, max_bytes=4096)
    return without_colours(next((line for line in reversed(lines) if line.strip()), ""))
