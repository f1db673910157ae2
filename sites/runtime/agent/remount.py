"""A folder of a running sandbox becomes read-only or writable again: run as a script, in a process of its own.

Arguments: a process of the sandbox, 'ro' or 'rw', the folder as the sandbox sees it. Exit codes: 0 done, 16 a file of
the folder is open for writing (EBUSY), other errno values as they are.
"""

import ctypes
import os
import sys

CLONE_NEWNS = 0x20000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND = 1, 2, 4, 32, 4096


def main(pid: int, mode: str, folder: str) -> int:
    """Enters the sandbox's mount namespace and changes the mount there."""
    library = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY)
    if library.setns(descriptor, CLONE_NEWNS):
        return ctypes.get_errno()
    flags = MS_REMOUNT | MS_BIND | MS_NOSUID | MS_NODEV | (MS_RDONLY if mode == "ro" else 0)
    return ctypes.get_errno() if library.mount(None, folder.encode(), None, flags, None) else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2], sys.argv[3]))
