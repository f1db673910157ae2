"""Failures: what was begun and did not succeed, and who does not answer."""

from sites.errors.base import Failed


class InstanceNotStarted(Failed):
    """An instance ended before it served, or did not listen in time."""

    code = "InstanceNotStarted"
    http_status = 422
    sentence = (
        "{what} was stopped: instance {ordinal} of {count} of '{name}' {how}. {holds} "
        "Fix the application and try again.{last_lines}"
    )


class WarmupFailed(Failed):
    """An instance did not answer the warm-up acceptably."""

    code = "WarmupFailed"
    http_status = 422
    sentence = (
        "{what} was stopped: instance {ordinal} of '{name}' {answered} to GET {path} {tries}; accepted are "
        "{accepted}. {holds} Fix the application and try again.{last_lines}"
    )


class BuildFailed(Failed):
    """The content could not be made runnable."""

    code = "BuildFailed"
    http_status = 422
    sentence = "The build of '{message}' failed{where}. {holds} Fix it and publish again.{last_lines}"


class InterpreterMissing(BuildFailed):
    """The content asks for a version of Python or Node that the server neither has nor can fetch."""

    code = "InterpreterMissing"
    http_status = 422
    sentence = (
        "The build of '{message}' failed: {source} asks for {wanted}, which this server does not have{not_fetched}; "
        "it has {found}. {holds} Ask for one of these, or have it installed on the server, then publish again."
        "{last_lines}"
    )


class ReleaseFailed(Failed):
    """The Procfile's release command ended with a code other than 0."""

    code = "ReleaseFailed"
    http_status = 422
    sentence = "The release command of '{message}' {how}. {holds} Fix it and publish again.{last_lines}"


class OutOfMemory(Failed):
    """The machine has no memory for more instances, found out as late as at their start."""

    code = "OutOfMemory"
    sentence = (
        "The instances of {what} were not started: {reason}. What served before goes on. "
        "Use fewer instances or stop a web site first, then try again."
    )


class RoutesRefused(Failed):
    """Every router refused the new routes; they were switched back."""

    code = "RoutesRefused"
    sentence = "{what} was undone: every router refused the new routes ({reason}). {holds} See ./greenroom status."


class NoSpaceLeft(Failed):
    """The disk of the server, or the database's, has no room left."""

    code = "NoSpaceLeft"
    http_status = 507
    sentence = (
        "{what} was stopped: the disk of the server is full. {holds} Free some space there and try again; "
        "./greenroom status says how much there is."
    )


class InternalFault(Failed):
    """A step of an operation came to an exception, or lost its worker, again and again."""

    code = "InternalFault"
    http_status = 500
    sentence = (
        "{what} was stopped at '{step}' by a fault of Greenroom itself ({fault}). {holds} "
        "Try again; the log of the worker says more."
    )


class Cancelled(Failed):
    """A person asked for the end of an operation before its switch."""

    code = "Cancelled"
    http_status = 409


class Unreachable(Failed):
    """A part of Greenroom does not answer; whoever needed it tries again."""

    code = "Unreachable"
    sentence = (
        "{part} does not answer ({reason}). Nothing was changed; it is tried again automatically. "
        "See ./greenroom status if that lasts."
    )


class RuntimeUnreachable(Unreachable):
    """The agent does not answer."""

    code = "RuntimeUnreachable"


class RouterUnreachable(Unreachable):
    """The router's control plane does not answer."""

    code = "RouterUnreachable"


class ServerFault(Failed):
    """Greenroom itself failed; what happened stands in its log."""

    code = "ServerFault"
    sentence = (
        "The request to {host} ended early because of a fault of Greenroom itself, and it is not known whether "
        "anything was changed. See GET /api/deployments/latest, and logs/web.log on the server; then try again."
    )


class StaleOrder(Failed):
    """An order has a lower generation or attempt than one seen before (invariant I7); stands in logs only."""

    code = "StaleOrder"
    sentence = (
        "An older order for {what} was ignored, because a newer one has been given. "
        "The newer one holds; there is nothing left to do."
    )
