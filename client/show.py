"""What people and programs see: progress with times on a terminal, plain lines in a pipe, or JSON."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click
from rich.console import Console
from rich.status import Status
from rich.table import Table

from client.api import Data, Portal
from client.exits import INTERRUPTED, Ended, Exit
from sites.plain_text import visible

PACE_ON_TERMINAL, PACE_IN_PIPE = 1.0, 30.0
ENDS = {"failed": Exit.FAILED, "cancelled": Exit.CANCELLED}


def say(sentence: str) -> None:
    """A line for people, beside what a program reads."""
    click.echo(visible(sentence, keep="\n\t"), err=True)


def result(data: Any, lines: Iterable[str], *, is_json: bool) -> None:
    """The result on standard output."""
    if is_json:
        click.echo(json.dumps(data))
        return
    for line in lines:
        click.echo(visible(line, keep="\t"))


def table(data: Any, head: Sequence[str], rows: Iterable[Sequence[str]], *, is_json: bool) -> None:
    """The same as a table; in a pipe its columns are separated by tabs and it has no head."""
    if is_json or not sys.stdout.isatty():
        result(data, ("\t".join(map(visible, row)) for row in rows), is_json=is_json)
        return
    shown = Table(*head, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        shown.add_row(*(visible(cell) for cell in row))
    Console(markup=False, highlight=False).print(shown)


def follow(portal: Portal, operation: Data, *, timeout: float, is_json: bool) -> Data:
    """Wait for the operation and show its steps. Raises Ended unless it succeeds or waits for its completion."""
    progress = Progress()
    try:
        ended = portal.wait(operation, pace=progress.pace, timeout=timeout, look=progress.look)
    except KeyboardInterrupt:
        still = f"The operation is still running; see greenroom status {operation['site']}."
        raise Ended(INTERRUPTED, f"Stopped here. {still}") from None
    finally:
        progress.stop()
    if is_json:
        click.echo(json.dumps(ended))
    if ended["state"] in ENDS:
        raise Ended(ENDS[ended["state"]], "\n".join([ended["message"], *ended["last_lines"]]))
    if ended["state"] == "waiting":
        say(f"Prepared. Look at it, then use: greenroom complete {ended['site']} (or cancel)")
    else:
        say(ended["message"])
    return ended


def end(portal: Portal, operation: Data, *, is_waiting: bool, timeout: float, is_json: bool) -> None:
    """Follow the operation, or print its address where nobody waits. Raises Ended."""
    if is_waiting:
        follow(portal, operation, timeout=timeout, is_json=is_json)
    else:
        result(operation, [operation["url"]], is_json=is_json)


class Progress:
    """The steps of one operation: each once, when it has ended; on a terminal also the present one."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, markup=False, highlight=False)
        self._seen: set[str] = set()
        self._status: Status | None = None
        self.pace = PACE_ON_TERMINAL if self._console.is_terminal else PACE_IN_PIPE
        if self._console.is_terminal:
            self._status = self._console.status("")
            self._status.start()

    def look(self, operation: Data) -> None:
        """Show what is new."""
        for step in operation["steps"]:
            if step["ended_at"] and step["step"] not in self._seen:
                self._seen.add(step["step"])
                found = f": {step['found']}" if step["found"] else ""
                self._console.print(visible(f"{step['ended_at'][11:19]}  {step['title']}{found}"))
        if self._status is not None:
            self._status.update(visible(operation["step_title"]))

    def stop(self) -> None:
        """No more progress."""
        if self._status is not None:
            self._status.stop()
