"""Refusals of requests before anybody looks at what they ask: too slow, too large, too many at once."""

from sites.errors.base import Refused


class BodyTooSlow(Refused):
    """A request's body arrives below the least rate, or is the slowest when too many are arriving."""

    code = "BodyTooSlow"
    http_status = 408
    sentence = (
        "The request arrived too slowly and was ended: at least {rate} must come. Nothing was changed. "
        "Send it again, over a faster connection if you can."
    )


class RequestTooLarge(Refused):
    """The body of a request that is no upload exceeds the limit for forms."""

    code = "RequestTooLarge"
    http_status = 413
    sentence = "The request is larger than {limit}, the limit for forms. Nothing was changed. Send less at once."


class ServerBusy(Refused):
    """Too many requests are waiting, or too much is being received."""

    code = "ServerBusy"
    http_status = 503
    sentence = (
        "The server has as many {what} as it can hold, so this one was not begun. Nothing was changed. "
        "Try again in a few seconds."
    )


class TooManyTails(Refused):
    """More programs follow the log of a slot, or of all slots, than an installation serves at once."""

    code = "TooManyTails"
    http_status = 429
    sentence = (
        "So many programs follow logs that '{name}' cannot be followed as well. Nothing was changed. "
        "Try again when one of them has ended, or see the log page in the portal."
    )


class TooManyUploads(Refused):
    """One person, or one slot's credentials, send more uploads at once than an installation takes."""

    code = "TooManyUploads"
    http_status = 429
    sentence = (
        "{count} uploads with these credentials are being received already, so this one was not begun. "
        "Nothing was changed. Try again when one of them has ended."
    )
