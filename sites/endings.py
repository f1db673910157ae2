"""How a process of a site ended, in words: its exit code, the signal, or which limit it met."""

import signal

_FIRST_SIGNAL = 128
"""A process that a signal has ended has this exit code and the signal's number."""
_MEANINGS = {126: "what it was to run is not executable", 127: "a command was not found"}
_OF_SIGNALS = {signal.SIGKILL: "it was killed", signal.SIGSEGV: "it crashed", signal.SIGABRT: "it gave up"}
_LIMITS = {
    "machine": "all web sites together had used the memory of this machine",
    "quota": "it wrote more to the disk than the web site may have",
    "disk": "the disk of this machine is nearly full",
    "hang": "it did not accept connections any more",
}
"""By the values of EndReason."""


def how_ended(exit_code: int | None, reason: str, *, memory_mb: int) -> str:
    """The rest of a sentence; `reason` is a value of EndReason, `memory_mb` the limit that the process had."""
    if reason == "memory":
        return f"was ended because it used all of its {memory_mb:,} MB of memory"
    if reason in _LIMITS:
        return f"was ended because {_LIMITS[reason]}"
    meaning = _MEANINGS.get(exit_code or 0) or _of_signal((exit_code or 0) - _FIRST_SIGNAL)
    return f"ended with code {exit_code}{f' ({meaning})' if meaning else ''}"


def _of_signal(number: int) -> str:
    try:
        known = signal.Signals(number)
    except ValueError:
        return ""
    said = f"signal {number}, {known.name}"
    return f"{_OF_SIGNALS[known]}: {said}" if known in _OF_SIGNALS else said
