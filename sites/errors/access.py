"""Refusals for the person's sake: who may sign in, see and change what."""

from sites.errors.base import Refused


class NotFound(Refused):
    """An address leads nowhere, or to what is not for this person: a stranger learns nothing."""

    code = "NotFound"
    http_status = 404
    sentence = "There is nothing at this address."


class NotAllowed(Refused):
    """A reader of a subscription or of a web site asks for a change."""

    code = "NotAllowed"
    http_status = 403
    sentence = (
        "You may look at '{name}' but not change it: you are a {role} of {place}. "
        "The owner is {owner}; ask there for the role of a contributor."
    )


class LastOwner(Refused):
    """The only owner of a subscription leaves it, is removed or gets another role."""

    code = "LastOwner"
    sentence = (
        "{person} is the last owner of the subscription '{subscription}', which cannot be without one. "
        "Nothing was changed; make somebody else its owner first, or choose another person."
    )


class NotAuthenticated(Refused):
    """A publishing client showed no credentials of the slot, or wrong ones."""

    code = "NotAuthenticated"
    http_status = 401
    sentence = (
        "These are not the publishing credentials of {host}; nothing was changed. "
        "Use the publishing user and password that stand on the slot's dashboard in the portal, or an access token "
        "that may publish there."
    )


class VisitRefused(Refused):
    """A visitor of a slot that is not open to everybody is not let in."""

    code = "VisitRefused"
    http_status = 403
    sentence = "{reason}, so you were not let in. Try again, or ask the owner of this web site."


class VisitsLimited(Refused):
    """Too many wrong passwords for visitors came from an address, or for a slot, within a quarter of an hour."""

    code = "VisitsLimited"
    http_status = 429
    sentence = "Too many wrong passwords were typed, so none is accepted for now. Try again in {wait}."


class SignInLimited(Refused):
    """Too many wrong secrets were typed for a name, or from an address, within a quarter of an hour."""

    code = "SignInLimited"
    http_status = 429
    sentence = (
        "Too many wrong passwords or codes were typed {source}, so none is accepted for now. Try again at {until}, "
        "or use a link that is made on the server: ./greenroom password --user {name} --link"
    )


class SignInBusy(Refused):
    """More passwords are being checked at this moment than the machine does at a time."""

    code = "SignInBusy"
    http_status = 429
    sentence = "Too many people sign in at this moment, so your password was not looked at. Try again in {seconds} s."


class PublishingLimited(Refused):
    """Too many wrong publishing credentials came from an address, or for a slot, within a quarter of an hour."""

    code = "PublishingLimited"
    http_status = 429
    sentence = (
        "Too many wrong publishing credentials were sent to {host}; nothing was changed. "
        "Use the publishing user and password that stand on the slot's dashboard in the portal."
    )
