"""Commands that somebody runs once, in the sandbox of a slot: recorded before they begin.

Somebody on this machine has a terminal, and waits (`plan`, `end`). From the portal and by the API a job starts them and
looks after them (sites.jobs.one_off_commands), and what they write is kept.
"""

import shlex
import uuid
from collections.abc import Iterable
from dataclasses import replace

from django.contrib.auth.models import User
from django.db import DatabaseError, transaction
from django.db.models import QuerySet

from sites import access, tasks
from sites.errors import NotFound, NothingToRun, Refused, SettingRefused, TooManyCommands
from sites.logs.files import remove, tail
from sites.logs.following import Piece, read_forward
from sites.models import OneOffCommand, Operation, OperationState, Site, Slot
from sites.models.clock import now
from sites.models.slot import PRODUCTION
from sites.operations.kinds.recorded import COMMAND, command_sentence
from sites.plain_text import log_text
from sites.planning import command_log, command_spec
from sites.runtime.spec import RunSpec

ACTOR = "the command line"
LONGEST = 4000
"""Characters of a command."""
AT_ONCE_OF_SUBSCRIPTION, AT_ONCE = 2, 6
"""Commands that run; of one site one, so that nobody who may change it alone takes all of a subscription."""
KEPT = 20
"""Commands of a slot whose output is kept, the newest."""
LINES_SHOWN, BYTES_SHOWN = 500, 32 * 1024
"""On the page, which is sent each second while the command runs."""
OUTPUT_BYTES = 256 * 1024
"""Of one answer; the next one goes on there, so that all that is kept is given."""


def plan(
    *, site: str, slot: str, command: tuple[str, ...], stdio: tuple[str, str, str], terminal: str = ""
) -> tuple[RunSpec, Operation]:
    """What the runtime is to run, and the record of it in the operation logs. `terminal` is the kind that TERM names.

    Raises NotFound when there is no such slot, NothingToRun when nothing was published to it.
    """
    found = Slot.objects.filter(site__name=site.lower(), name=slot.lower() or PRODUCTION)
    try:
        place = found.select_related("site", "workload__active_deployment", "live_revision").first()
    except DatabaseError as error:
        raise Refused(
            "There is no installation of Greenroom in this data folder. Name its folder with --data, or start one with "
            "'./greenroom up'."
        ) from error
    if place is None:
        raise NotFound(f"There is no web site '{site}' with a slot '{slot}'. The portal lists them all.")
    if place.current_workload.active_deployment is None:
        raise NothingToRun(name=place.title)
    spec = command_spec(place, command, run_id=f"command-{uuid.uuid4().hex}", stdio=stdio)
    record = COMMAND.record(
        actor_name=ACTOR,
        site=place.site,
        target=place.title,
        outcome=command_sentence("runs", place.title),
        goes_on=True,
    )
    how = "runs in a terminal"  # no job looks after it, so it is not open
    OneOffCommand.objects.create(slot=place, record=record, line=shlex.join(command), is_open=False, how=how)
    return replace(spec, env=spec.env | {"TERM": terminal}) if terminal else spec, record


def end(record: Operation, *, how: str, has_succeeded: bool) -> None:
    """Complete the record: `how` ends a sentence, for example "ended with exit code 1 after 3 s"."""
    record.outcome = command_sentence(how, record.target)
    record.state = OperationState.SUCCEEDED if has_succeeded else OperationState.FAILED
    record.ended_at = now()
    record.save(update_fields=["outcome", "state", "ended_at"])
    OneOffCommand.objects.filter(record=record).update(how=how[:200], ended_at=now())


def run(*, acting_user: User, slot: Slot, line: str) -> OneOffCommand:
    """Have a line of the shell run in the sandbox of a slot, with its settings and persistent folders.

    Raises NotAllowed, NothingToRun, SettingRefused for no command or one that is too long, and TooManyCommands.
    """
    slot = access.slot_for_change(acting_user, slot)
    line = line.strip()
    if "\0" in line:
        raise SettingRefused(
            "A command has a zero byte in it, which no shell takes; nothing was started. Type it without that."
        )
    if not line or len(line) > LONGEST:
        raise SettingRefused(
            f"A command has from 1 to {LONGEST:,} characters, and this one has {len(line):,}; nothing was started. "
            "Type a shorter command, or publish a script and run that."
        )
    if slot.current_workload.active_deployment is None:
        raise NothingToRun(name=slot.title)
    with transaction.atomic():
        Site.objects.select_for_update().get(pk=slot.site_id)
        _ensure_room(slot)
        record = COMMAND.record(
            acting_user=acting_user,
            actor_name=access.name_of(acting_user),
            site=slot.site,
            target=slot.title,
            outcome=command_sentence("runs", slot.title),
            goes_on=True,
        )
        command = OneOffCommand.objects.create(slot=slot, record=record, line=line)
        old = list(of_slot(slot).filter(is_open=False)[KEPT - 1 :])
        OneOffCommand.objects.filter(pk__in=[one.pk for one in old]).delete()
        transaction.on_commit(lambda: _remove_output(old))
        transaction.on_commit(tasks.tend_commands.delay, robust=True)  # if it is lost, the tick asks again
    return command


def stop(*, acting_user: User, slot: Slot, command: OneOffCommand) -> None:
    """Have a command end; nothing happens to one that has ended. Raises NotAllowed."""
    access.slot_for_change(acting_user, slot)
    name = access.name_of(acting_user)[:150]
    if OneOffCommand.objects.filter(pk=command.pk, is_open=True, stopped_by="").update(stopped_by=name):
        transaction.on_commit(tasks.tend_commands.delay, robust=True)


def of_slot(slot: Slot) -> QuerySet[OneOffCommand]:
    """The commands of a slot whose output is kept, newest first."""
    return OneOffCommand.objects.filter(slot=slot).select_related("record")


def find(slot: Slot, public_id: uuid.UUID) -> OneOffCommand:
    """One of them. Raises NotFound."""
    found = of_slot(slot).filter(record__public_id=public_id).first()
    if found is None:
        raise NotFound(f"There is no such command of '{slot.title}'. Its output is kept of the last {KEPT} only.")
    return found


def end_of_output(command: OneOffCommand) -> str:
    """The last LINES_SHOWN lines that it wrote, or BYTES_SHOWN, so that they can do nothing to what shows them."""
    return log_text("\n".join(tail(command_log(command.run_id), LINES_SHOWN, max_bytes=BYTES_SHOWN)))


def output_since(command: OneOffCommand, position: str) -> Piece:
    """What it has written since a position, in whole lines. Raises SettingRefused for what is no position."""
    try:
        piece = read_forward(command_log(command.run_id), position, max_bytes=OUTPUT_BYTES)
    except ValueError as error:
        raise SettingRefused(
            "That is no position in this output. Send 'next' of the answer before, or nothing."
        ) from error
    return replace(piece, data=log_text(piece.data.decode(errors="replace")).encode())


def _remove_output(commands: Iterable[OneOffCommand]) -> None:
    for command in commands:
        remove(command_log(command.run_id))


def _ensure_room(slot: Slot) -> None:
    running = OneOffCommand.objects.filter(is_open=True)
    of_subscription = running.filter(slot__site__subscription=slot.site.subscription_id)
    for rows, most, what in (
        (running.filter(slot__site=slot.site_id), 1, f"One command of the web site '{slot.site.name}' can run"),
        (of_subscription, AT_ONCE_OF_SUBSCRIPTION, f"{AT_ONCE_OF_SUBSCRIPTION} commands of a subscription can run"),
        (running, AT_ONCE, f"{AT_ONCE} commands of this installation can run"),
    ):
        if (count := rows.count()) >= most:
            raise TooManyCommands(what=what, running="one runs" if count == 1 else f"{count} run")
