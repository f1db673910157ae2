"""Refusals of uploads, by size and by what is in them."""

from sites.errors.base import Refused


class ArchiveRefused(Refused):
    """An upload is no zip, or one that cannot be trusted."""

    code = "ArchiveRefused"
    http_status = 400
    sentence = "The archive was refused and nothing was changed: {reason}. {remedy}"


class ContentRefused(Refused):
    """What is published is not recognised, or names packages or a command that cannot be used."""

    code = "ContentRefused"
    http_status = 400


class UploadTooLarge(Refused):
    """An upload exceeds MAX_UPLOAD."""

    code = "UploadTooLarge"
    http_status = 413
    sentence = (
        "The upload is larger than {limit}, the limit of this installation, and was ended at that point. "
        "Nothing was changed. Leave build products out, or ask the administrator to raise MAX_UPLOAD."
    )


class PublicationRefused(Refused):
    """A publishing client asks for what there is not, or leaves out what is needed."""

    code = "PublicationRefused"
    http_status = 400


class FileChanged(Refused):
    """A file is written or removed by a client that has not seen what is there (If-Match, RFC 9110)."""

    code = "FileChanged"
    http_status = 412
    sentence = (
        "'{path}' is not the file that you have seen, so nothing was changed. See what is there now: send its ETag as "
        "If-Match, or '*' to write over whatever is there."
    )


class PushUnderWay(Refused):
    """Somebody pushes to a slot to which a push is going on, or to a repository that is just being cleaned."""

    code = "PushUnderWay"
    sentence = (
        "Another push to '{name}' is going on, so this one was not begun. Nothing was changed. "
        "Try again when it has ended; how far it is stands in the portal, under Deployments."
    )


class GitMissing(Refused):
    """A repository is asked for on a machine without git."""

    code = "GitMissing"
    http_status = 503
    sentence = (
        "'{name}' cannot be pushed to or fetched from, because git is not installed on the server. Nothing was "
        "changed. Publish a zip, or ask the administrator to install git: apt-get install -y git"
    )
