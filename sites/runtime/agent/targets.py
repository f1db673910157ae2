"""Where in a sandbox a folder of a site may be shown: never over what runs before the launcher has dropped its rights.

bubblewrap makes the mounts as root and follows links on its way to each (bubblewrap(1) promises nothing else). So no
folder may be shown inside another one, where the site could have put a link, nor over, above or below what is ours.
Folders inside the content are not bubblewrap's: `overlay` mounts them, and follows no link.
"""

import errno
from itertools import permutations
from pathlib import Path, PurePosixPath

from sites.runtime.agent.sandbox import APP, LAUNCHER, SCRATCH, SYSTEM_FOLDERS, View
from sites.runtime.spec import Mount

LOADER_CACHE = Path("/etc/ld.so.cache")
"""Where the loader looks for a library before it looks into the system's folders."""
SYSTEM = ("/usr", "/etc", "/proc", "/sys", "/dev", "/run", *(f"/{name}" for name in SYSTEM_FOLDERS), *SCRATCH)


def ensure_apart(view: View) -> None:
    """Raises OSError when a mount of the view would let a site's files into what is ours, or into another mount."""
    ours = [PurePosixPath(path) for path in (*SYSTEM, *view.toolchain, str(PurePosixPath(LAUNCHER).parent))]
    cached = LOADER_CACHE.read_bytes() if LOADER_CACHE.exists() else b""
    places = [mount.target for mount in view.mounts] + ([APP] if view.layer else [])
    inside = [f"{APP}/{folder.inside}" for folder in view.layer.folders] if view.layer else []
    of_the_host = {mount.target for mount in view.mounts if _is_of_the_host(mount)}
    for place in (*places, *inside):
        target = PurePosixPath(place)
        if not target.is_absolute() or ".." in target.parts:
            raise _refusal(place, "that is no absolute path")
        if place in of_the_host:
            continue
        for path in ours:
            if target.is_relative_to(path) or path.is_relative_to(target):
                raise _refusal(place, f"{path} is the system's or Greenroom's own")
        if f"{target}/".encode() in cached:
            raise _refusal(place, "this machine has libraries there")
    for group in (places, inside):
        for inner, outer in permutations(group, 2):
            if PurePosixPath(inner).is_relative_to(outer):
                raise _refusal(inner, f"another one is shown at {outer}, and none can lie inside another")


def _is_of_the_host(mount: Mount) -> bool:
    """What is shown read-only at its own path was named by the administrator: a certificate, not a site's folder."""
    return mount.source == mount.target and not mount.is_writable


def _refusal(target: str, reason: str) -> OSError:
    return OSError(errno.EINVAL, f"a folder cannot be shown at {target}: {reason}")
