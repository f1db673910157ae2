"""Refusals because a limit would be exceeded: of the disk, of the memory, of what is worked on at once."""

from sites.errors.base import Refused


class DiskFull(Refused):
    """Less of the disk is free than DISK_RESERVE; what runs goes on, and nothing new is taken."""

    code = "DiskFull"
    http_status = 507
    sentence = (
        "Only {free} of disk are free for the data folder, and {reserve} are kept in reserve. Nothing was changed; "
        "the web sites keep serving. Delete what is no longer needed, or ask the administrator for more disk."
    )


class QuotaExceeded(Refused):
    """The content and builds of a web site would take more than it may have."""

    code = "QuotaExceeded"
    http_status = 507
    sentence = (
        "The content and builds of '{name}' would take {wanted}, and the limit is {limit}. Nothing was changed. "
        "Leave out what the web site does not need, delete its staging site, or ask the administrator to raise "
        "{setting}."
    )


class UploadsBusy(Refused):
    """Other uploads are being unpacked, as many as may be at once."""

    code = "UploadsBusy"
    http_status = 503
    sentence = (
        "Other uploads are being unpacked and have not ended within {seconds} s. Nothing was changed. "
        "Publish again in a minute."
    )


class NotEnoughMemory(Refused):
    """The limits of all instances together would exceed what this machine offers."""

    code = "NotEnoughMemory"
    http_status = 409
    sentence = (
        "The {wanted} of '{name}' was not started: it needs {needed} MB for new instances, and {left} MB of "
        "{offered} MB are left. Nothing was changed. Use fewer instances or stop a web site first, or ask the "
        "administrator to raise MEMORY_OVERCOMMIT or SITES_MEMORY_MB."
    )
