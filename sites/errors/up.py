"""Refusals of `up` and of the commands that need it."""

from sites.errors.base import Refused


class PortTaken(Refused):
    """`up` finds another program on a port that the router needs."""

    code = "PortTaken"
    sentence = "Port {port} is used by {owner}. Nothing was started. Start with another: ./greenroom up --port {other}"


class AlreadyUp(Refused):
    """`up` finds its data folder in use by a running `up`."""

    code = "AlreadyUp"
    sentence = (
        "Greenroom is already running here since {since} (process {pid}), portal {address}. "
        "Use ./greenroom restart, or another folder with --data."
    )


class NotUp(Refused):
    """A command needs a running `up`, and there is none."""

    code = "NotUp"
    sentence = "Greenroom is not running with the data folder {data}; nothing was changed. Start it: ./greenroom up"


class IsolationMissing(Refused):
    """`up` finds no sandbox on this machine, and `--isolation none` was not said."""

    code = "IsolationMissing"
    sentence = (
        "This machine gives no sandbox for the sites ({reason}). Nothing was started. {remedy} "
        "To run the sites without a sandbox: ./greenroom up --isolation none"
    )


class ServiceRefused(Refused):
    """`service` cannot install, remove or show the service of systemd."""

    code = "ServiceRefused"
    sentence = "{reason} Nothing was changed. {remedy}"
