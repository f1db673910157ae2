"""Why a fetch failed, and what helps, from how its run has ended and from what git said."""

import re
from collections.abc import Sequence

from sites.repositories.fetching import NO_BRANCH, SECONDS
from sites.runtime.spec import EndReason, RunStatus

TIMED_OUT = 124
REASONS = {
    EndReason.MEMORY: (
        "git needs more memory for it than it has here",
        "Make the repository smaller, or publish a zip.",
    ),
    EndReason.MACHINE: ("the machine is short of memory", "Try again later."),
    EndReason.QUOTA: (
        "it takes more of the disk than an upload or this web site may",
        "Make it smaller, or ask the administrator to raise MAX_UNPACKED or SITE_CONTENT_BYTES.",
    ),
    EndReason.DISK: (
        "the disk of the server is nearly full",
        "Ask the administrator to free some space, and try again.",
    ),
}
ASKED = re.compile(r"could not read (?:Username|Password)|Authentication failed|returned error: 40[13]")
"""The server wants credentials, or others."""
SAID = (
    (r"repository '.*' not found|returned error: 404", "there is no such repository", "Fix the address."),
    (
        r"returned error: 30[1278]",
        "the server redirects to another address, and no redirect is followed",
        "Use the address to which it leads: the repository may have been renamed.",
    ),
    (r"[Cc]ertificate", "the server's certificate is not trusted", "See what its administrator says of it."),
    (
        r"Could not resolve|Failed to connect|Couldn't connect|Connection (?:refused|reset|timed out)|No route to host",
        "the server is not reached from here",
        "Try again later, or ask the administrator whether sites reach it from this machine.",
    ),
    (r"Operation too slow|transfer closed|early EOF|unexpected disconnect", "the connection broke off", "Try again."),
    (r"dumb http", "its server speaks git's old protocol only", "Use a server that speaks the smart protocol."),
    (
        r"fsck|bad object|missing (?:blob|tree)",
        "it has damaged objects",
        "See what 'git fsck' says of it and fix that.",
    ),
    (r"the limit of this installation", "its files are beyond the limits for a web site", "Leave files out of it."),
)
"""Patterns in what git says, why that is, and what helps."""


def explain(status: RunStatus, lines: Sequence[str], *, has_credentials: bool) -> tuple[str, str]:
    """Why, and what to do, as parts of the sentence of FetchFailed."""
    if status.reason in REASONS:
        return REASONS[status.reason]
    if status.exit_code == NO_BRANCH:
        return "the repository has no such branch", "Choose another branch, or push this one."
    if status.exit_code == TIMED_OUT:
        return f"it took longer than {SECONDS / 60:.0f} minutes", "Make the repository smaller, or publish a zip."
    text = "\n".join(lines)
    if ASKED.search(text):
        if has_credentials:
            return "the user or the password was refused", "Type a user and a token that may read the repository."
        return (
            "it is private, or there is no such repository",
            "Fix the address, or type a user and a token that may read it.",
        )
    known = ((why, remedy) for pattern, why, remedy in SAID if re.search(pattern, text))
    return next(known, (f"git ended with code {status.exit_code}", "See what git says below and fix that."))
