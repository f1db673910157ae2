"""Whether an exception says that a disk is full, whoever raised it."""

import errno

from sites.errors.failures import NoSpaceLeft

FULL = (errno.ENOSPC, errno.EDQUOT)
SQLITE_FULL = 13
POSTGRES_DISK_FULL = "53100"


def is_disk_full(fault: BaseException | None) -> bool:
    """True for an OSError, a database's own error, and what was raised because of one."""
    while fault is not None:
        if isinstance(fault, NoSpaceLeft) or (isinstance(fault, OSError) and fault.errno in FULL):
            return True
        if (
            getattr(fault, "sqlite_errorcode", None) == SQLITE_FULL
            or getattr(fault, "sqlstate", "") == POSTGRES_DISK_FULL
        ):
            return True
        fault = fault.__cause__ or fault.__context__
    return False
