"""Refusals because of how a site and its slots are at present."""

from sites.errors.base import Refused


class NotStandard(Refused):
    """Staged publishing is enabled in Free or Shared mode (seed: Enable, note, whose words these are)."""

    code = "NotStandard"
    sentence = (
        "You must be in the standard mode to enable staged publishing. '{name}' is in {mode} mode. "
        "Change it to Standard on the Scale tab first."
    )


class NotSwappable(Refused):
    """A site that has left Standard mode is swapped (seed: About Configuration, notes)."""

    code = "NotSwappable"
    sentence = (
        "'{name}' is in {mode} mode and no longer swappable. Both slots keep serving. "
        "Change it back to Standard on the Scale tab to swap."
    )


class SlotLimit(Refused):
    """Staged publishing is enabled once more (seed: Overview, last sentence)."""

    code = "SlotLimit"
    sentence = (
        "'{name}' already has {existing}. {limit} beside production {is_are} supported; delete "
        "'{name} ({slot})' first, or raise STAGING_SLOTS_PER_SITE."
    )


class SlotBusy(Refused):
    """Another operation holds a slot that this one needs."""

    code = "SlotBusy"
    sentence = (
        "'{name}' is held by {operation} of {person} since {since}{progress}. Your {wanted} was not "
        "started. Watch it under DETAILS, or try again when it has ended."
    )


class SwapPending(Refused):
    """A preview holds both slots until somebody completes or cancels it."""

    code = "SwapPending"
    sentence = (
        "'{name}' is prepared for a swap with production, started by {person} at {since}. Settings and content "
        "are held until it is completed or cancelled. Complete or cancel it in the command bar."
    )


class NothingToRollBack(Refused):
    """No swap of the site is left that could be undone."""

    code = "NothingToRollBack"
    sentence = (
        "'{name}' has no swap that could be rolled back: {reason}. Nothing was changed. "
        "Publish or swap what production is to serve."
    )


class SlotStopped(Refused):
    """A stopped slot, which has no instances to warm up, is swapped."""

    code = "SlotStopped"
    sentence = "'{name}' is stopped, so nothing can be warmed up. Start it, look at it, then swap."


class NothingToRun(Refused):
    """A command is to be run in a slot that has nothing but its placeholder page."""

    code = "NothingToRun"
    sentence = "Nothing was published to '{name}' yet, so there is nothing to run the command in. Publish to it first."


class TooManyCommands(Refused):
    """A command is to be run while as many run as may at once."""

    code = "TooManyCommands"
    sentence = (
        "{what} at once, and {running} already; nothing was started. Try again when one has ended, or stop one on the "
        "page Commands of its slot."
    )


class NothingPublished(Refused):
    """A slot is swapped that has only its placeholder page to offer."""

    code = "NothingPublished"
    sentence = (
        "'{name}' has no content yet. Swapping now would put the placeholder page into production. "
        "Publish to {slot} first."
    )


class SameSlot(Refused):
    """A swap or comparison names one slot twice, or two of which neither is production of the other's site."""

    code = "SameSlot"
    sentence = (
        "'{name}' cannot be swapped or compared with {other}; nothing was changed. "
        "Choose production and a staging slot of one site."
    )


class NotRestorable(Refused):
    """Deleted content cannot be brought back: it is gone, or something else has its place."""

    code = "NotRestorable"
    sentence = "'{name}' cannot be restored: {reason}. Nothing was changed. {remedy}"
