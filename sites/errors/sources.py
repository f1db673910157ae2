"""Refusals and failures of deployment from source control."""

from sites.errors.base import Failed, Refused
from sites.errors.typed import SettingRefused


class SourceRefused(SettingRefused):
    """A repository cannot be connected: its address, its branch or its credentials cannot be taken."""

    code = "SourceRefused"
    sentence = "{reason}, so nothing was saved. {remedy}"


class NotConnected(Refused):
    """A slot is published from no repository."""

    code = "NotConnected"
    http_status = 404
    sentence = (
        "'{name}' is not connected to source control, so nothing was fetched. Put the address of a repository under "
        "'Set up deployment from source control' on its dashboard first."
    )


class HookRefused(Refused):
    """A webhook without the right signature."""

    code = "HookRefused"
    http_status = 401
    sentence = (
        "This webhook was refused, because {reason}; nothing was fetched. Use the webhook secret that stands under "
        "Deployments of the web site."
    )


class HookLimited(Refused):
    """More webhooks than are answered in a quarter of an hour."""

    code = "HookLimited"
    http_status = 429
    sentence = (
        "{name} got too many webhooks within a quarter of an hour, so this one was not looked at and nothing was "
        "fetched. Send it again in {wait}, or use SYNC in the portal."
    )


class FetchFailed(Failed):
    """A repository could not be fetched."""

    code = "FetchFailed"
    http_status = 422
    sentence = "'{branch}' of {url} could not be fetched: {why}. {holds} {remedy}{last_lines}"
