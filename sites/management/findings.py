"""What the checks of the settings have found, as sentences."""

from collections.abc import Callable, Iterable

from django.core.checks import ERROR, CheckMessage


def tell(found: Iterable[CheckMessage], write: Callable[[str], object], *, with_warnings: bool = False) -> bool:
    """Write what was found, and return whether a command must be refused for it."""
    has_faults = False
    for message in found:
        is_fault = message.level >= ERROR
        has_faults = has_faults or is_fault
        if is_fault or with_warnings:
            write(sentence(message))
    if has_faults:
        write("Nothing was changed.")
    return has_faults


def sentence(message: CheckMessage) -> str:
    """What a check found, and what to do about it."""
    return f"{message.msg} {message.hint}" if message.hint else message.msg
