"""Commands that somebody on this machine runs once, in the sandbox of a slot: recorded before they begin."""

import shlex
import uuid
from dataclasses import replace

from django.db import DatabaseError

from sites.errors import NotFound, NothingToRun, Refused
from sites.models import Operation, Slot
from sites.models.slot import PRODUCTION
from sites.operations.kinds.recorded import COMMAND
from sites.planning import command_spec
from sites.runtime.spec import RunSpec

ACTOR = "the command line"
LONGEST_SHOWN = 500


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
        actor_name=ACTOR, site=place.site, target=place.title, outcome=_sentence("runs", place.title, command)
    )
    return replace(spec, env=spec.env | {"TERM": terminal}) if terminal else spec, record


def end(record: Operation, command: tuple[str, ...], *, how: str) -> None:
    """Complete the record: `how` ends a sentence, for example "ended with exit code 1 after 3 s"."""
    record.outcome = _sentence(how, record.target, command)
    record.save(update_fields=["outcome"])


def _sentence(how: str, target: str, command: tuple[str, ...]) -> str:
    text = shlex.join(command)
    return f"A command {how} in '{target}': {text if len(text) <= LONGEST_SHOWN else f'{text[:LONGEST_SHOWN]}…'}"
