"""`manage.py messages`: every refusal and failure with its code and sentence, as docs/messages.md."""

import inspect
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.core.management.base import CommandParser

from sites import errors
from sites.errors import Failed, GreenroomError, Refused
from sites.management.base import GreenroomCommand

TARGET = Path("docs") / "messages.md"
HEAD = """# Messages

Every refusal and every failure is a sentence: what happened, what holds now, what to do next. The same sentence stands
in the notification bar, in the answer to a program (`message`, beside the stable `code`) and in the operation logs.

This page is written by `manage.py messages --write` from `sites/errors/`; a test compares the two. Words in braces
are filled in when the sentence is said. A code without a sentence here is always said with one of its own, worded
where the matter is known best.
"""
SECTIONS = {
    Refused: ("Refused", "You may act; nothing was changed."),
    Failed: ("Failed", "Something that was begun did not succeed; the sentence says what holds now."),
}


class Command(GreenroomCommand):
    """Print the page, or write it to its place."""

    is_refused_by_checks = False
    help = "Print docs/messages.md as it follows from sites/errors/; --write writes it."

    def add_arguments(self, parser: CommandParser) -> None:
        """--write."""
        parser.add_argument("--write", action="store_true", help=f"write {TARGET}")

    def handle(self, *, write: bool, **_: object) -> None:
        """Changes nothing but that file."""
        if write:
            (settings.BASE_DIR / TARGET).write_text(page())
            self.stdout.write(f"{TARGET} is written.")
            return
        self.stdout.write(page(), ending="")


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for base, (title, meaning) in SECTIONS.items():
        rows = [_row(error) for error in tree(base)]
        parts.append(
            "\n".join([f"## {title}", "", meaning, "", "| code | sentence | when |", "| --- | --- | --- |", *rows])
        )
    return "\n".join(parts[:1] + [f"{part}\n" for part in parts[1:]])


def tree(base: type[GreenroomError]) -> Iterator[type[GreenroomError]]:
    """The class and everything below it, in the order in which sites/errors/__init__.py imports them."""
    yield base
    for child in base.__subclasses__():
        if child.__module__.startswith(f"{errors.__name__}."):
            yield from tree(child)


def _row(error: type[GreenroomError]) -> str:
    sentence = error.sentence or "worded where it is raised"
    when = inspect.getdoc(error) or ""
    return f"| `{error.code}` | {_cell(sentence)} | {_cell(when)} |"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
