"""Every type of event: its name, its title, how serious it is, and what its data holds beside the site.

Names are stable: receivers compare them. The end of an operation is called FAMILY.STATE, with the operation's state.
"""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """What it asks of a person."""

    INFO = "info"
    """Nothing."""
    WARNING = "warning"
    """A look, soon."""
    ERROR = "error"
    """Something did not go as it was asked for, or is broken now."""


@dataclass(frozen=True, slots=True)
class EventType:
    """One type of event."""

    name: str
    title: str
    severity: Severity
    said: str
    """When it is sent, for people who choose."""


def _ends(family: str, noun: str) -> list[EventType]:
    return [
        EventType(f"{family}.succeeded", f"{noun} succeeded", Severity.INFO, "It ended as it was asked for."),
        EventType(f"{family}.failed", f"{noun} failed", Severity.ERROR, "It ended with a reason; see its sentence."),
        EventType(f"{family}.cancelled", f"{noun} cancelled", Severity.INFO, "A person ended it before its switch."),
    ]


PREVIEW_WAITING = EventType(
    "preview.waiting",
    "Preview waits",
    Severity.WARNING,
    "A swap with preview is prepared, and waits until a person completes or cancels it.",
)
CRASH_LOOP = EventType(
    "instance.crash_loop", "Crash loop", Severity.ERROR, "An instance of a slot ends again and again by itself."
)
RECOVERED = EventType(
    "instance.recovered", "Crash loop over", Severity.INFO, "The instances of that slot have run for a minute again."
)
ALERT_FIRED = EventType(
    "alert.fired", "Alert", Severity.WARNING, "The condition of an alert rule has been met for as long as it says."
)
ALERT_ENDED = EventType(
    "alert.ended", "Alert over", Severity.INFO, "It was not met for as long, or the rule is not in force any more."
)
CERTIFICATE_ENDING = EventType(
    "certificate.ending", "Certificate ends", Severity.WARNING, "A certificate in use ends soon, or has ended."
)
TARGET_DISABLED = EventType(
    "target.disabled",
    "Event target disabled",
    Severity.WARNING,
    "Events are not sent any more to one of the event targets; the others are told.",
)
TEST = EventType("test", "Test", Severity.INFO, "A person has pressed SEND A TEST. It goes to that target alone.")

TYPES = {
    one.name: one
    for one in (
        *_ends("swap", "Swap"),
        PREVIEW_WAITING,
        *_ends("roll_back", "Roll-back"),
        *_ends("publication", "Publication"),
        *_ends("operation", "Other operation"),
        CRASH_LOOP,
        RECOVERED,
        ALERT_FIRED,
        ALERT_ENDED,
        CERTIFICATE_ENDING,
        TARGET_DISABLED,
        TEST,
    )
}
"""By their names."""
CHOSEN = [name for name in TYPES if name != TEST.name]
"""Those that a target can choose."""
