"""Refusals of streams of events, and of the targets that are told of them."""

from sites.errors.base import Refused


class TooManyStreams(Refused):
    """One person, or all, follow as many streams of events as are served at once."""

    code = "TooManyStreams"
    http_status = 429
    sentence = (
        "{count} streams of events are open already, so this one was not begun. Nothing was changed. "
        "Try again when one has ended, or ask /api/v1/events from time to time."
    )


class TargetLimit(Refused):
    """A subscription, or the members of one web site, have as many event targets as they may have."""

    code = "TargetLimit"
    sentence = (
        "'{name}' has {most} event targets{of_whom}, and may have no more. Nothing was changed. "
        "Remove one that is no longer used."
    )


class TargetDisabled(Refused):
    """Nothing is sent to a target that is disabled."""

    code = "TargetDisabled"
    sentence = "The event target '{title}' is disabled, so nothing was sent. Change that: enable it, and try again."


class StillWaiting(Refused):
    """A delivery is still being tried."""

    code = "StillWaiting"
    sentence = (
        "This delivery to '{title}' has not ended. It is tried again automatically at {due}. Nothing was changed. "
        "Try again when it has ended."
    )
