"""Step FETCHING: the newest commit of the connected branch becomes the deployment of the operation."""

from pathlib import Path

from django.db import transaction

from sites import archives, kept_deployments
from sites.errors import Failed, FetchFailed, GitMissing, SourceRefused, UploadsBusy
from sites.logs.files import tail
from sites.models import Deployment, Slot, SlotChange, SourceControl
from sites.operations import wording
from sites.operations.bringing import bring
from sites.operations.fetched import BRANCH, COMMIT, IS_SERVED, SLOTS, URL
from sites.operations.procedure import DONE, Progress, write
from sites.operations.turn import Turn
from sites.outgoing.addresses import OutOfReach
from sites.planning import configuration
from sites.repositories import fetching
from sites.repositories.explaining import explain
from sites.repositories.fetching import Found, Wanted
from sites.repositories.job import is_installed
from sites.repositories.remote import addresses, parse
from sites.runtime.registry import get_runtime
from sites.runtime.spec import RunState

LINES_SHOWN = 8
NAME_SECONDS = 60.0
"""How long a name server may be away."""


def begin_fetch(turn: Turn) -> None:
    """Settle what is fetched. Raises Failed when the slot was disconnected since it was asked for."""
    source = _source(turn)
    turn.keep(**{URL: source.url, BRANCH: source.branch})


def work_fetch(turn: Turn) -> Progress:
    """Have git fetch in a sandbox, then unpack what it found. Raises FetchFailed and what archives are refused for."""
    before = turn.operation.before
    if before.get(IS_SERVED) or Deployment.objects.filter(operation=turn.operation).exists():
        return DONE
    source = _source(turn)
    try:
        wanted = _wanted(turn, source)
    except SourceRefused as refusal:  # what was allowed when it was connected is not any more
        raise _failed(turn, str(refusal.values["reason"]), str(refusal.values["remedy"]), []) from refusal
    status = get_runtime().observe_run(fetching.run_id_of(wanted.key))
    if status.state == RunState.UNKNOWN:
        _start(turn, wanted)
    if status.state != RunState.ENDED:
        return Progress(False, f"'{wanted.branch}' of {wanted.remote.url}")
    lines = tail(wanted.log, LINES_SHOWN)
    found = fetching.found(wanted) if status.exit_code == 0 else None
    if found is None:
        why, remedy = explain(status, lines, has_credentials=wanted.has_credentials)
        raise _failed(turn, why, remedy, lines)
    if found.commit == wanted.served_commit:
        return _leave_as_it_is(turn, found)
    return _receive(turn, source, wanted, found)


def forget_fetch(turn: Turn) -> None:
    """End what may still run, and remove what it left."""
    key = _key(turn)
    get_runtime().end_run(fetching.run_id_of(key))
    fetching.remove(key)


def _start(turn: Turn, wanted: Wanted) -> None:
    if not is_installed():
        raise Failed(str(GitMissing(name=wanted.name)))
    try:
        reached = addresses(wanted.remote, owner=f"subscription {_slot(turn).site.subscription_id}")
    except OutOfReach as refusal:
        if refusal.is_passing and turn.seconds_at_step < NAME_SECONDS:
            return
        raise _failed(turn, refusal.why, refusal.remedy, []) from refusal
    fetching.prepare(wanted)
    get_runtime().start_run(fetching.plan(wanted, reached, quota=kept_deployments.content_quota()))


def _leave_as_it_is(turn: Turn, found: Found) -> Progress:
    """The operation ends with this step, and changes no slot."""
    with transaction.atomic():
        turn.keep(**{COMMIT: found.commit, IS_SERVED: True})
        write(turn, **turn.take_unsaved())
        turn.operation.changes.all().delete()
    turn.forget()
    return Progress(False, f"{found.commit[:10]} is served already")


def _receive(turn: Turn, source: SourceControl, wanted: Wanted, found: Found) -> Progress:
    """Unpack it, and let the operation bring it."""
    archive = fetching.take_content(wanted)
    if archive is None:
        raise _failed(turn, "git gave no files of the commit", "Try again.", [])
    slot = _slot(turn)
    try:
        _unpack(turn, slot, archive, _origin(source, found))
    except UploadsBusy:
        return Progress(False, "other archives are being unpacked first")
    turn.forget()
    return Progress(False, f"{found.commit[:10]}: {found.subject}"[:200])


def _unpack(turn: Turn, slot: Slot, archive: Path, origin: archives.Origin) -> None:
    site = slot.site
    choices = configuration(slot, slot.current_workload).choices
    with (
        archives.unpacked(
            archive,
            subscription_id=site.subscription_id,
            name=site.name,
            site=site,
            choices=choices,
            is_stripped=False,
        ) as content,
        transaction.atomic(),
    ):
        turn.keep(**{COMMIT: origin.commit})
        write(turn, **turn.take_unsaved())
        changes = list(turn.operation.changes.loaded())
        bring(turn.operation, changes, content.deployment(origin))
        SlotChange.objects.bulk_update(changes, ["workload_after", "deployment_after"])
        content.place()


def _origin(source: SourceControl, found: Found) -> archives.Origin:
    return archives.Origin(
        message=found.subject or f"Commit {found.commit[:10]}",
        author=found.author or source.deployer,
        deployer=source.deployer,
        commit=found.commit,
        branch=source.branch,
    )


def _wanted(turn: Turn, source: SourceControl) -> Wanted:
    slot = _slot(turn)
    return Wanted(
        key=_key(turn),
        site_id=slot.site_id,
        name=slot.title,
        remote=parse(source.url),
        branch=source.branch,
        served_commit=_served_commit(turn, slot),
        user=source.user,
        password=str(source.password),
    )


def _served_commit(turn: Turn, slot: Slot) -> str:
    """What the slot serves, if exactly that was published; empty for everything else."""
    change = next(change for change in turn.changes if change.slot_id == slot.pk)
    active = change.occupant_before.active_deployment
    return active.commit if active is not None else ""


def _slot(turn: Turn) -> Slot:
    """The one that receives it."""
    pk = turn.operation.before[SLOTS][0]
    return next(change.held_slot for change in turn.changes if change.slot_id == pk)


def _source(turn: Turn) -> SourceControl:
    """The connection, which is still what it was when the step began. Raises Failed."""
    source = SourceControl.objects.filter(slot=turn.operation.before[SLOTS][0]).first()
    before = turn.operation.before
    is_same = source is not None and before.get(URL, source.url) == source.url
    if source is None or not is_same or before.get(BRANCH, source.branch) != source.branch:
        raise Failed(
            f"{turn.what} was stopped: '{turn.operation.target}' was connected to another repository or branch, or "
            f"disconnected, meanwhile. {turn.holds} Use SYNC to fetch what is connected now."
        )
    return source


def _key(turn: Turn) -> str:
    return turn.operation.public_id.hex


def _failed(turn: Turn, why: str, remedy: str, lines: list[str]) -> FetchFailed:
    before = turn.operation.before
    return FetchFailed(
        branch=before[BRANCH],
        url=before[URL],
        why=why,
        holds=turn.holds,
        remedy=remedy,
        last_lines=wording.last_lines(lines) if lines else "",
    )
