"""Commands that are run once in the sandbox of a slot: begun, followed, stopped."""

from typing import Annotated
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Status

from sites import access
from sites.api.asking import made, user_of
from sites.api.authentication import ADMINISTER
from sites.api.shapes.common import Page, Pages, SiteName, SlotName, answers, page_of
from sites.api.shapes.one_off_commands import (
    MAX_POSITION,
    CommandShown,
    NewCommand,
    OutputShown,
    describe_command,
)
from sites.models import Slot
from sites.services import one_off_commands

router = Router(tags=["commands"])
OF_SLOT = "/sites/{site_name}/slots/{slot_name}/commands"
ONE = f"{OF_SLOT}/{{command_id}}"
After = Annotated[str, Query(max_length=MAX_POSITION, description="'next' of the answer before")]


@router.get(OF_SLOT, response=answers(200, Page[CommandShown]), auth=ADMINISTER)
def list_commands(request: HttpRequest, site_name: SiteName, slot_name: SlotName, paging: Pages) -> Page[CommandShown]:
    """The last commands of a slot, newest first. Needs the scope administer: a command may have secrets in its line.

    The operations of the slot say who ran a command and how it ended, and not the line.
    """
    rows, figures = page_of(one_off_commands.of_slot(_slot(request, site_name, slot_name)), paging)
    return Page[CommandShown](items=[describe_command(one) for one in rows], **figures)


@router.post(OF_SLOT, response=answers(202, CommandShown), auth=ADMINISTER)
def run_command(
    request: HttpRequest, site_name: SiteName, slot_name: SlotName, body: NewCommand, response: HttpResponse
) -> Status[CommandShown]:
    """Run a command once in the sandbox of what the slot serves, with its settings and persistent folders.

    It has nothing to read, an hour, and the memory of an instance.
    """
    user, slot = user_of(request), _slot(request, site_name, slot_name)

    def do() -> str:
        command = one_off_commands.run(acting_user=user, slot=slot, line=body.command)
        return str(command.record.public_id)

    found = made(request, response, do)
    return Status(202, describe_command(one_off_commands.find(slot, UUID(found))))


@router.get(ONE, response=answers(200, OutputShown), auth=ADMINISTER)
def get_command(
    request: HttpRequest, site_name: SiteName, slot_name: SlotName, command_id: UUID, after: After = ""
) -> OutputShown:
    """How far a command is, and what it has written since 'after'. Ask again until it has ended and has no more."""
    command = one_off_commands.find(_slot(request, site_name, slot_name), command_id)
    piece = one_off_commands.output_since(command, after)
    return OutputShown(command=describe_command(command), output=piece.data.decode(), next=piece.position)


@router.post(f"{ONE}/stop", response=answers(202, CommandShown), auth=ADMINISTER)
def stop_command(
    request: HttpRequest, site_name: SiteName, slot_name: SlotName, command_id: UUID
) -> Status[CommandShown]:
    """Have a command end. Nothing happens to one that has ended."""
    user, slot = user_of(request), _slot(request, site_name, slot_name)
    command = one_off_commands.find(slot, command_id)
    one_off_commands.stop(acting_user=user, slot=slot, command=command)
    return Status(202, describe_command(one_off_commands.find(slot, command_id)))


def _slot(request: HttpRequest, site_name: str, slot_name: str) -> Slot:
    return access.get_slot_for_change(user_of(request), site_name, slot_name)
