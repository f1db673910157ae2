"""What an application wrote, and what was asked of it."""

from enum import StrEnum

from ninja import Schema
from pydantic import Field

from sites.monitoring.output import Line

MAX_LINES = 5000
MAX_WORDS = 200
MAX_CURSOR = 100_000


class Log(StrEnum):
    """Which log of a slot."""

    APPLICATION = "application"
    REQUESTS = "requests"


class LogAsked(Schema):
    """Which part of it."""

    log: Log = Field(Log.APPLICATION, description="requests: one line for each request, once switched on in Configure")
    lines: int = Field(200, ge=1, le=MAX_LINES, description="how many of the last lines; not used with 'after'")
    filter: str = Field("", max_length=MAX_WORDS, description="only lines that contain these words")
    after: str = Field("", max_length=MAX_CURSOR, description="'next' of the answer before: only what came since")


class LineShown(Schema):
    """One line."""

    at: str = Field(description="when it was written, RFC 3339 in UTC; empty where nobody noted it")
    deployment: str = Field(description="the short id of what was served")
    source: str = Field(description="r12/1: the first instance of revision 12; -: the router")
    text: str


class LogShown(Schema):
    """Lines in the order of time."""

    lines: list[LineShown]
    next: str = Field(description="for 'after' of the next request")


def describe_line(line: Line) -> LineShown:
    """A line for programs."""
    return LineShown(at=line.at, deployment=line.deployment, source=line.source, text=line.text)
