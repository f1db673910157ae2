"""Options that several commands have."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])
SECONDS = 1800.0


def with_json(command: F) -> F:
    """--json."""
    return click.option("--json", "is_json", is_flag=True, help="print JSON")(command)


def with_waiting(command: F) -> F:
    """--wait, --no-wait and --timeout, beside --json."""
    for option in (
        click.option("--timeout", type=click.FloatRange(1, 86_400), default=SECONDS, help="seconds to wait at most"),
        click.option("--wait/--no-wait", "is_waiting", default=True, help="wait until it has ended (the default)"),
    ):
        command = option(command)
    return with_json(command)


def with_slot(default: str | None) -> Callable[[F], F]:
    """--slot."""
    said = default or "the first staging slot"
    return click.option("--slot", default=default, help=f"which slot; {said} if you do not say")
