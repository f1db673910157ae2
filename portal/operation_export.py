"""Operations as lines: for a table of another program, and for the clipboard."""

import csv
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, tzinfo

from portal.drain import connections_cut
from portal.notifications import sentence
from sites.models import Operation
from sites.operations.kinds import kind_of
from sites.plain_text import one_line, visible

HEAD = ("Time stamp (UTC)", "Operation", "Status", "Web site", "Person", "Seconds", "Outcome", "ID")
FORMULA_STARTS = ("=", "+", "-", "@")


class _Line:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


def csv_lines(operations: Iterable[Operation]) -> Iterator[str]:
    """Head and rows; what a spreadsheet would run as a formula is marked as text."""
    writer = csv.writer(_Line())
    yield writer.writerow(HEAD)
    for operation in operations:
        yield writer.writerow([_as_text(value) for value in _row(operation)])


def _row(operation: Operation) -> tuple[str, ...]:
    took = f"{(operation.ended_at - operation.created_at).total_seconds():.1f}" if operation.ended_at else ""
    return (
        f"{operation.created_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        kind_of(operation).title,
        operation.state_word,
        operation.target,
        operation.actor_name,
        took,
        sentence(operation),
        str(operation.public_id),
    )


def _as_text(value: str) -> str:
    """On one line, since some tools split lines before cells."""
    line = one_line(value)
    return f"'{line}" if line.lstrip().startswith(FORMULA_STARTS) else line


def text_lines(operation: Operation, zone: tzinfo = UTC) -> list[str]:
    """The operation as fixed-width lines: what it is, each step with its time, how it ended."""
    lines = [
        f"Operation:  {kind_of(operation).title} of {operation.target}",
        f"Status:     {operation.state_word}",
        f"Person:     {operation.actor_name}",
        f"ID:         {operation.public_id}",
        "",
        f"{_clock(operation.created_at, zone)}  Requested",
    ]
    for step in operation.steps.all():
        spent = f"{(step.ended_at - step.started_at).total_seconds():8.2f} s" if step.ended_at else "   running"
        found = f": {step.sentence}" if step.sentence else ""
        mark = "failed: " if step.is_failed else ""
        lines.append(f"{_clock(step.started_at, zone)}{spent}  {mark}{step.get_step_display()}{found}")
    if operation.ended_at:
        first, *rest = (operation.outcome_shown or f"{operation.state_word}.").split("\n")
        lines += [f"{_clock(operation.ended_at, zone)}  {first}", *(f"    {line}" for line in rest)]
    return [visible(line) for line in lines] + _after_the_switch(operation)


def _after_the_switch(operation: Operation) -> list[str]:
    """What the end of an operation does not know yet: how the former instances of a swap let go."""
    swap = getattr(operation, "swap", None)
    cut = connections_cut(operation.changes.select_related("revision_before")) if swap and swap.switched_at else ""
    return ["", f"Connections cut at the drain limit: {cut}"] if cut else []


def _clock(moment: datetime, zone: tzinfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}"
