"""Refusals that programs get: their access tokens, their conditions, and what they send twice."""

from sites.errors.base import Refused


class RequestRefused(Refused):
    """The request is not what the description of the API asks for."""

    code = "RequestRefused"
    http_status = 400
    sentence = (
        "The request cannot be read: {reason}. Nothing was changed. Send it as /api/v1/openapi.json describes it."
    )


class TokenRefused(Refused):
    """There is no access token in the request, or none that is in force."""

    code = "TokenRefused"
    http_status = 401
    sentence = (
        "The request has no access token that is in force ({reason}), so nothing was changed. Send it as "
        "'Authorization: Bearer TOKEN', and create one in the portal under Settings, Account, Access tokens."
    )


class TokenLimited(Refused):
    """Too many wrong access tokens came from an address within a quarter of an hour."""

    code = "TokenLimited"
    http_status = 429
    sentence = (
        "Too many wrong access tokens were sent from {address}, so nothing was changed. "
        "Use a token that is in force; it is accepted at any time."
    )


class IdentityRefused(Refused):
    """An identity token is not genuine, was exchanged before, or is none that the web site trusts."""

    code = "IdentityRefused"
    http_status = 400
    sentence = (
        "The identity token gives no access to a web site '{site}'; nothing was given. Whoever may change the web site "
        "sees the reason there under Trusted pipelines. Ask the issuer for a new token for each exchange."
    )


class IssuersBusy(Refused):
    """An issuer of identity tokens has to be asked for its keys, and as many are being asked as may be at once."""

    code = "IssuersBusy"
    http_status = 503
    sentence = (
        "Greenroom asks issuers of identity tokens for their keys at this moment, so yours was not looked at; "
        "nothing was given. Send it again in {retry_after} s."
    )


class TooManyExchanges(Refused):
    """A trust has given as many access tokens within a quarter of an hour as it may."""

    code = "TooManyExchanges"
    http_status = 429
    sentence = (
        "This trust gives {most} access tokens within a quarter of an hour, and has done so; nothing was given. "
        "Use one token for a whole job, or try again in {retry_after} s."
    )


class ScopeMissing(Refused):
    """The access token lacks the scope that the request needs."""

    code = "ScopeMissing"
    http_status = 403
    sentence = (
        "The access token '{name}' does not have the scope '{scope}', so nothing was changed. "
        "Use a token that has it, or ask somebody who may do this."
    )


class PreconditionFailed(Refused):
    """A request holds only under a condition, and the condition is not met."""

    code = "PreconditionFailed"
    http_status = 412
    sentence = (
        "'{name}' is not as you expect: {reason}. Nothing was changed. Ask what it is now, then start again from there."
    )


class DeploymentElsewhere(Refused):
    """Production should serve a deployment that no slot of the site holds."""

    code = "DeploymentElsewhere"
    sentence = (
        "'{name}' cannot be made to serve the deployment {deployment}: {present}. Nothing was changed. "
        "Publish it to staging first."
    )


class KeyReused(Refused):
    """An Idempotency-Key comes with another request than the first time."""

    code = "KeyReused"
    http_status = 422
    sentence = (
        "The Idempotency-Key '{key}' was used for another request within {hours} hours, so nothing was changed. "
        "Use a new key for each request, and the same key only to send the same request again."
    )


class TooManyKeys(Refused):
    """One access token has used as many Idempotency-Keys as are remembered."""

    code = "TooManyKeys"
    http_status = 429
    sentence = (
        "The access token '{name}' has used {most} Idempotency-Keys within {hours} hours, and no more are remembered. "
        "Nothing was changed. Try again later, or send the request without a key."
    )


class TooManyWaiting(Refused):
    """Too many requests of one person, or of all, wait for operations."""

    code = "TooManyWaiting"
    http_status = 429
    sentence = (
        "{count} requests wait for operations already, so this one was not begun. "
        "Try again in a few seconds, or ask without 'wait'."
    )


class NotOffered(Refused):
    """A client of Azure asks for a setting that Greenroom does not have."""

    code = "NotOffered"
    http_status = 400
    sentence = (
        "Greenroom does not offer {what}, so nothing was changed. Leave it out; docs/azure-clients.md says what is "
        "offered."
    )


class AddressNotOffered(Refused):
    """A client of Azure asks at an address that Greenroom does not have."""

    code = "AddressNotOffered"
    http_status = 404
    sentence = (
        "Greenroom does not offer {method} {path}, so nothing was changed. "
        "See docs/azure-clients.md for what it offers."
    )


class VersionRefused(Refused):
    """A client of Azure names no version of the interface, or none that there is."""

    code = "VersionRefused"
    http_status = 400
    sentence = (
        "The request has {version}, so nothing was changed. Send ?api-version= with a date from {oldest} on, "
        "as 2025-05-01."
    )


class NotEndedYet(Refused):
    """What was begun goes on for longer than an answer is held back."""

    code = "NotEndedYet"
    sentence = (
        "What you asked for '{name}' was begun and has not ended yet. It goes on, so do not ask for it again. "
        "See the operation logs of the portal for how far it is: operation {operation}."
    )
