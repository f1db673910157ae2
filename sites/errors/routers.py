"""Refusals and failures that concern the routers themselves."""

from sites.errors.base import Failed, Refused


class RouterUnknown(Refused):
    """A command names a router that is not registered."""

    code = "RouterUnknown"
    http_status = 404
    sentence = "There is no router '{name}'. Nothing was changed. See which there are: ./greenroom router list"


class RouterRefused(Refused):
    """A router cannot become what a command asks for."""

    code = "RouterRefused"


class RoutersLate(Failed):
    """Some routers did not acknowledge routes in time, so nothing was switched."""

    code = "RoutersLate"
    sentence = "{what} was stopped: {routers} did not acknowledge the routes within {limit} s. {holds} {remedy}"
