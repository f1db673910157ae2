"""Commands that are run once in the sandbox of a slot, and what they write."""

from datetime import datetime
from uuid import UUID

from ninja import Schema
from pydantic import Field

from sites.models import OneOffCommand
from sites.services.one_off_commands import LONGEST

MAX_POSITION = 100


class NewCommand(Schema):
    """What is to be run."""

    command: str = Field(
        min_length=1,
        max_length=LONGEST,
        description="a line for /bin/sh, run in /app",
        examples=["python manage.py migrate"],
    )


class CommandShown(Schema):
    """One command."""

    id: UUID
    command: str
    actor: str = Field(description="who asked for it")
    began_at: datetime
    is_open: bool = Field(description="it has not ended")
    ended_at: datetime | None
    exit_code: int | None = Field(description="null: it runs, or it was ended before it could end itself")
    how: str = Field(description="how it ended, in words; empty while it runs")


class OutputShown(Schema):
    """A part of what a command has written."""

    command: CommandShown
    output: str = Field(description="whole lines since 'after', at most 256 KB; all that is kept comes in this way")
    next: str = Field(description="for 'after' of the next request")


def describe_command(command: OneOffCommand) -> CommandShown:
    """For an answer."""
    return CommandShown(
        id=command.record.public_id,
        command=command.line,
        actor=command.record.actor_name,
        began_at=command.record.created_at,
        is_open=command.is_open,
        ended_at=command.ended_at,
        exit_code=command.exit_code,
        how=command.how,
    )
