"""Refusals of uploads, by size and by what is in them."""

from sites.errors.base import Refused


class ArchiveRefused(Refused):
    """An upload is no zip, or one that cannot be trusted."""

    code = "ArchiveRefused"
    http_status = 400
    sentence = "The archive was refused and nothing was changed: {reason}. {remedy}"


class UploadTooLarge(Refused):
    """An upload exceeds MAX_UPLOAD."""

    code = "UploadTooLarge"
    http_status = 413
    sentence = (
        "The upload is larger than {limit}, the limit of this installation, and was ended at that point. "
        "Nothing was changed. Leave build products out, or ask the administrator to raise MAX_UPLOAD."
    )
