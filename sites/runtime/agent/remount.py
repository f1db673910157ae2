"""A folder of a running sandbox becomes read-only or writable again: run as a module, in a process of its own.

Arguments: a process of the sandbox, 'ro' or 'rw', the folder as the sandbox sees it. Exit codes: 0 done, 16 a file of
the folder is open for writing (EBUSY), other errno values as they are. A folder inside the content lies below folders
that the site can rename and replace by links, so no link is followed, and only the root of a mount is changed.
"""

import os
import sys

from sites.runtime.agent import overlay


def main(pid: int, mode: str, folder: str) -> int:
    """Enters the sandbox's mount namespace and changes the mount there."""
    try:
        overlay.enter(os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY))
        found = overlay.open_beneath(os.open("/", overlay.FOLDER), folder.lstrip("/"))
        wanted, unwanted = (overlay.ATTR_RDONLY, 0) if mode == "ro" else (0, overlay.ATTR_RDONLY)
        overlay.set_attributes(found, wanted=wanted, unwanted=unwanted)
    except OSError as error:
        return error.errno or 1
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2], sys.argv[3]))
