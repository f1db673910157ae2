"""Words that several kinds of operation use for what has happened; they decide nothing."""

import re
from collections.abc import Iterable

from sites.counted import counted
from sites.endings import how_ended
from sites.models import Instance, Operation, SlotChange
from sites.models.required import required
from sites.plain_text import log_text
from sites.runtime.spec import InstanceStatus, RunStatus

ADVICE = (
    (
        re.compile(r"ModuleNotFoundError: No module named '([\w.]+)'"),
        "'{}' is not installed: name it in requirements.txt, or where the project names its packages",
    ),
    (re.compile(r"Cannot find (?:module|package) '([^'./][^']*)'"), "'{}' is not installed: name it in package.json"),
    (
        re.compile(r"[Rr]ead-only file system:? '?([^'\n]*)'?"),
        "it may not write to '{}'; add a persistent folder, or use /tmp",
    ),
    (re.compile(r"exec: (\S+): not found"), "'{}' is not there, or its first line names a program that is not there"),
    (
        re.compile(r"exec: (\S+): Permission denied"),
        "'{}' is not executable: start it by 'sh', or mark it as executable",
    ),
    (re.compile(r"KeyError: '([A-Z][A-Z0-9_]+)'"), "the variable {} is not set: add it to the app settings"),
)
"""What last lines of applications mean, and what helps."""


def advice(lines: list[str]) -> str:
    """What to do about an instance that ended after it wrote these lines, as the rest of a sentence; mostly nothing."""
    text = "\n".join(log_text(line) for line in lines)
    found = ((pattern.search(text), words) for pattern, words in ADVICE)
    return next((f"; {words.replace('{}', match[1])}" for match, words in found if match), "")


def quoted(text: str) -> str:
    """A name in a sentence."""
    return f"'{text}'"


def last_lines(lines: list[str]) -> str:
    """The end of a log, to be appended to a sentence."""
    shown = "\n".join(log_text(line) for line in lines)
    return f"\nIts last lines:\n{shown}" if lines else " It wrote nothing to its log."


def ended(one: InstanceStatus | RunStatus | Instance, memory_mb: int) -> str:
    """How a process ended, as the rest of a sentence; `memory_mb` was its limit."""
    reason = one.end_reason if isinstance(one, Instance) else one.reason
    return how_ended(one.exit_code, reason, memory_mb=memory_mb)


def listens_elsewhere(addresses: list[str], port: int) -> str:
    """What an instance does that does not accept connections on its port, and what would help."""
    if not addresses:
        return "; it listens nowhere. It must listen on 0.0.0.0:$PORT; if it needs longer, raise its time to start"
    where = " and ".join(addresses)
    if all(address.endswith(f":{port}") for address in addresses):
        return f"; it listens on {where}, where only itself reaches it. Have it listen on 0.0.0.0:$PORT"
    return f"; it listens on {where}. Have it listen on 0.0.0.0:$PORT; $PORT is {port}"


def instances(count: int) -> str:
    """A number of instances."""
    return counted(count, "instance")


def took(operation: Operation) -> str:
    """How long an operation has taken that has ended; a preview's swap begins with COMPLETE."""
    swap = getattr(operation, "swap", None)
    ended_at = required(operation.ended_at, "the end of an operation")
    return f"{(ended_at - (swap.begun_at if swap else operation.created_at)).total_seconds():.1f} s"


def still_served(changes: Iterable[SlotChange]) -> str:
    """What each slot goes on with after an operation that has changed nothing."""
    return " ".join(filter(None, map(_served, changes))) or "Nothing was changed."


def _served(change: SlotChange) -> str:
    if change.slot is None:
        return ""
    if not change.was_running:
        return f"'{change.slot.title}' stays stopped."
    if change.revision_before_id is None:
        return f"'{change.slot.title}' serves no instance yet."
    deployment = change.deployment_before
    return f"'{change.slot.title}' goes on serving {quoted(deployment.message) if deployment else 'as before'}."


def now_served(changes: Iterable[SlotChange]) -> str:
    """What each slot serves from now on."""
    served = [(change.slot, change.deployment_after) for change in changes if change.slot]
    return " and ".join(
        f"{quoted(slot.title)} serves {quoted(content.message) if content else 'the placeholder page'}"
        for slot, content in served
    )


def cancelled(what: str, target: str, holds: str) -> str:
    """The sentence of an operation that was cancelled before the switch."""
    return f"{what} of {quoted(target)} was cancelled. {holds}"


def took_too_long(what: str, step: str, limit_seconds: float, holds: str) -> str:
    """A step that did not end within its limit."""
    return (
        f"{what} was stopped: '{step}' did not end within {limit_seconds:.0f} s. "
        f"{holds} Try again; ./greenroom status tells what does not answer."
    )
