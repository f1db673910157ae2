"""Lays a private layer over a content, then becomes bubblewrap: run as a script, in a mount namespace of its own.

An instance sees its content through the layer and may write there; the content stays as it is. What it writes lies in
memory that the kernel gives back when the last process in the namespace ends, however it ends. Persistent folders that
are to be seen inside the content are mounted here too, and not by bubblewrap, which would follow the content's links.

Arguments: the descriptor with what `pack` made, then bubblewrap's command line. It imports little, because every start
of an instance waits for it. Everything is done on open folders, so no link
of the content and no name with a comma or a colon has a say.
"""

import ctypes
import errno
import os
import sys

CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
MS_NOSUID, MS_NODEV, MS_REC, MS_SLAVE = 2, 4, 0x4000, 0x80000
MNT_DETACH = 2
AT_FDCWD, AT_EMPTY_PATH = -100, 0x1000
OPEN_TREE, MOVE_MOUNT, OPENAT2, MOUNT_SETATTR = 428, 429, 437, 442
"""Numbers of system calls; the same on every architecture."""
OPEN_TREE_CLONE = 1
MOVE_FROM_DESCRIPTOR, MOVE_TO_DESCRIPTOR = 0x04, 0x40
RESOLVE_NO_SYMLINKS, RESOLVE_BENEATH = 0x04, 0x08
ATTR_RDONLY, ATTR_NOSUID, ATTR_NODEV, ATTR_IDMAP = 1, 2, 4, 0x00100000
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
LOWER, UPPER, WORK, MERGED = "lower", "upper", "work", "app"
NETWORKS = b"/run/netns"
"""Each namespace of the agent has two mounts there, which no copy is to keep."""
NOT_LAID = 126

_libc = ctypes.CDLL(None, use_errno=True)


Folders = list[tuple[str, str, bool]]
"""Persistent folders that are seen inside the content: where each lies, where it is seen, relative to the content, and
whether the site may write there."""


def pack(content: str, place: str, user: int | None, size_bytes: int, max_files: int, folders: Folders) -> bytes:
    """What `lay` needs, for a descriptor. Raises OSError for a path with a NUL character."""
    parts = [content, place, "" if user is None else str(user), str(size_bytes), str(max_files)]
    for source, inside, is_writable in folders:
        parts += [source, inside, "w" if is_writable else ""]
    if any("\0" in part for part in parts):
        raise OSError(errno.EINVAL, "a path holds a NUL character")
    return b"\0".join(os.fsencode(part) for part in parts)


def unpack(packed: bytes) -> tuple[str, str, int | None, int, int, Folders]:
    """The way back."""
    content, place, user, size, files, *rest = (os.fsdecode(part) for part in packed.split(b"\0"))
    folders = [(source, inside, mode == "w") for source, inside, mode in zip(*[iter(rest)] * 3, strict=True)]
    return content, place, int(user) if user else None, int(size), int(files), folders


class _Attributes(ctypes.Structure):
    """struct mount_attr of the kernel."""

    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "userns")]


class _How(ctypes.Structure):
    """struct open_how of the kernel."""

    _fields_ = [(name, ctypes.c_uint64) for name in ("flags", "mode", "resolve")]


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def _call(what: str, number: int, *arguments: object) -> int:
    words = (ctypes.c_long(each) if isinstance(each, int) else each for each in (number, *arguments))
    return _checked(_libc.syscall(*words), what)


def _mount(source: bytes, target: bytes, kind: bytes, flags: int, options: str = "") -> None:
    _checked(_libc.mount(source, target, kind, ctypes.c_ulong(flags), options.encode()), kind.decode() or "mount")


def enter(namespace: int) -> None:
    """Enter the mount namespace of a descriptor. Raises OSError."""
    _checked(_libc.setns(namespace, CLONE_NEWNS), "setns")


def set_attributes(descriptor: int, *, wanted: int = 0, unwanted: int = 0, userns: int = 0) -> None:
    """Of the mount that a descriptor is the root of: mount_setattr(2). Raises OSError."""
    change = _Attributes(wanted, unwanted, 0, userns)
    _call("mount_setattr", MOUNT_SETATTR, descriptor, b"", AT_EMPTY_PATH, ctypes.byref(change), ctypes.sizeof(change))


def open_beneath(folder: int, path: str) -> int:
    """A folder below an open one, without following a link on the way. Raises OSError."""
    how = _How(os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS)
    return _call("openat2", OPENAT2, folder, os.fsencode(path), ctypes.byref(how), ctypes.sizeof(how))


def _enter_namespace(user: int | None) -> None:
    outside_user, outside_group = os.geteuid(), os.getegid()
    flags = CLONE_NEWNS if user is not None else CLONE_NEWNS | CLONE_NEWUSER
    _checked(_libc.unshare(flags), "unshare")
    if user is None:
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{outside_user} {outside_user} 1")
        _write("/proc/self/gid_map", f"{outside_group} {outside_group} 1")
    _mount(b"", b"/", b"", MS_REC | MS_SLAVE)
    while _libc.umount2(NETWORKS, MNT_DETACH) == 0:
        continue


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)


def _user_mapping(user: int) -> int:
    """A descriptor of a user namespace in which what belongs to root belongs to the site's user."""
    ready, go_on = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        failed = _libc.unshare(CLONE_NEWUSER)
        os.write(ready[1], b"-" if failed else b"+")
        os.close(go_on[1])
        os.read(go_on[0], 1)
        os._exit(0)
    try:
        if os.read(ready[0], 1) != b"+":
            raise OSError(errno.EPERM, "no user namespace can be made")
        for name in ("uid_map", "gid_map"):
            _write(f"/proc/{child}/{name}", f"0 {user} 1")
        return os.open(f"/proc/{child}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        for descriptor in (*ready, *go_on):
            os.close(descriptor)
        os.waitpid(child, 0)


def _tree(path: str, *, is_writable: bool, user: int | None = None) -> int:
    """A mount of that folder which is nowhere yet."""
    tree = _call("open_tree", OPEN_TREE, AT_FDCWD, os.fsencode(path), OPEN_TREE_CLONE | os.O_CLOEXEC)
    wanted = ATTR_NOSUID | ATTR_NODEV | (0 if is_writable else ATTR_RDONLY)
    if user is None:
        set_attributes(tree, wanted=wanted)
    else:
        set_attributes(tree, wanted=wanted | ATTR_IDMAP, userns=_user_mapping(user))
    return tree


def _place(tree: int, target: int) -> None:
    flags = MOVE_FROM_DESCRIPTOR | MOVE_TO_DESCRIPTOR
    _call("move_mount", MOVE_MOUNT, tree, b"", target, b"", flags)


def _folder_of(merged: int, inside: str, user: int | None) -> int:
    """The open folder at that place in the content; made where it is missing, and then the site's own."""
    here = os.dup(merged)
    for name in inside.split("/"):
        try:
            below = open_beneath(here, name)
        except FileNotFoundError:
            os.mkdir(name, 0o755, dir_fd=here)
            below = open_beneath(here, name)
            if user is not None:
                os.fchown(below, user, user)
        except OSError as error:
            raise OSError(error.errno, f"the content has a file or a link at '{name}' of '{inside}'") from error
        os.close(here)
        here = below
    return here


def lay(content: str, place: str, user: int | None, size_bytes: int, max_files: int, folders: Folders) -> None:
    """Afterwards `MERGED` in the place shows content, layer and folders, for this process and its children.

    `place` is an empty folder of the agent; nobody outside the namespace sees what is mounted over it. `user`: to whom
    the content's files appear to belong; None where the agent is not root, then they are its own.

    Raises OSError where the kernel cannot.
    """
    _enter_namespace(user)
    below = _tree(content, is_writable=False, user=user)
    trees = [(inside, _tree(source, is_writable=is_writable)) for source, inside, is_writable in folders]
    limits = f"size={size_bytes},nr_inodes={max_files},mode=0755"
    _mount(b"greenroom", os.fsencode(place), b"tmpfs", MS_NOSUID | MS_NODEV, limits)
    os.chdir(place)
    for name in (LOWER, UPPER, WORK, MERGED):
        os.mkdir(name, 0o755)
    if user is not None:
        os.chown(UPPER, user, user)
    _place(below, os.open(LOWER, FOLDER))
    # Nothing in a content, which a stranger made, can refer to another file by the kernel's own marks
    marks = "userxattr" if user is None else "index=off,metacopy=off"
    options = f"lowerdir={LOWER},upperdir={UPPER},workdir={WORK},redirect_dir=nofollow,{marks}"
    _mount(b"overlay", MERGED.encode(), b"overlay", MS_NOSUID | MS_NODEV, options)
    merged = os.open(MERGED, FOLDER)
    for inside, tree in trees:
        _place(tree, _folder_of(merged, inside, user))
    os.chdir("/")


def main(descriptor: int, command: list[str]) -> int:
    """Returns only when that cannot be done; the reason is on stderr."""
    with open(descriptor, "rb") as stream:
        plan = unpack(stream.read())
    try:
        lay(*plan)
        os.environ.pop("LC_CTYPE", None)  # the interpreter's own, which the sandbox would show
        os.execvp(command[0], command)  # noqa: S606 - a list, no shell
    except OSError as error:
        os.write(2, f"Nothing could be laid over the content: {error.strerror}\n".encode(errors="replace"))
    return NOT_LAID


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
