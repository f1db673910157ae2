"""Where in a sandbox a folder of a site may be shown: never over what runs before the launcher has dropped its rights.

bubblewrap makes the mounts as root and follows links on its way to each (bubblewrap(1) promises nothing else). So no
folder may be shown inside another one, where the site could have put a link, nor over, above or below what is ours.
"""

import errno
from itertools import permutations
from pathlib import PurePosixPath

from sites.runtime.agent.sandbox import LAUNCHER, SCRATCH, SYSTEM_FOLDERS, View
from sites.runtime.spec import Mount

SYSTEM = ("/usr", "/etc", "/proc", "/sys", "/dev", "/run", *(f"/{name}" for name in SYSTEM_FOLDERS), *SCRATCH)


def ensure_apart(view: View) -> None:
    """Raises OSError when a mount of the view would let a site's files into what is ours, or into another mount."""
    ours = [PurePosixPath(path) for path in (*SYSTEM, *view.toolchain, str(PurePosixPath(LAUNCHER).parent))]
    for mount in view.mounts:
        target = PurePosixPath(mount.target)
        if not target.is_absolute() or ".." in target.parts:
            raise _refusal(mount.target, "that is no absolute path")
        for path in ours if not _is_of_the_host(mount) else ():
            if _overlap(target, path):
                raise _refusal(mount.target, f"{path} is the system's or Greenroom's own")
    for inner, outer in permutations(view.mounts, 2):
        if PurePosixPath(inner.target).is_relative_to(outer.target):
            raise _refusal(inner.target, f"another one is shown at {outer.target}, and none can lie inside another")


def _is_of_the_host(mount: Mount) -> bool:
    """What is shown read-only at its own path was named by the administrator: a certificate, not a site's folder."""
    return mount.source == mount.target and not mount.is_writable


def _overlap(one: PurePosixPath, other: PurePosixPath) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)


def _refusal(target: str, reason: str) -> OSError:
    return OSError(errno.EINVAL, f"a folder cannot be shown at {target}: {reason}")
