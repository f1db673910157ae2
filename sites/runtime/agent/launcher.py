"""Becomes a site's process: gives up every right first, and only then reads what the site brings, and runs it.

It is the last program of ours before the site's own, in every mode. Greenroom's interpreter starts it with -I -S and
an environment that holds nothing of a site; a sandbox shows it beside the standard library and nothing else of ours.
Arguments: the user to become, the descriptor with what `pack` made, and, where no sandbox has set it already, the
descriptor with the filter of system calls. Command lines can be read by everyone and files by their owner, so what a
site brings comes by a descriptor that has no name.
"""

import ctypes
import errno
import os
import sys

UMASK = 0o022
PATH = b"/usr/bin:/bin"
"""Where a program is looked for when its site does not say."""
LAST_SIGNAL = 64
LAST_CAPABILITY = 63
NOT_RUN, NOT_FOUND = 126, 127
"""Exit codes, as a shell has them."""
SIG_DFL = None
SIGXFSZ = 25
PR_CAPBSET_READ, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 23, 24, 38, 47, 4
PR_SET_SECCOMP, SECCOMP_MODE_FILTER, INSTRUCTION_BYTES = 22, 2, 8
TIOCSCTTY = 0x540E
CAPABILITY_VERSION_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


def pack(directory: str, command: tuple[str, ...], env: dict[str, str]) -> bytes:
    """What a site brings, as the launcher reads it. Raises ValueError for what no process can be given."""
    if any(not name or "=" in name for name in env):
        raise ValueError("the name of a setting is empty or holds '='")
    parts = [directory, str(len(command)), *command, *(f"{name}={value}" for name, value in env.items())]
    if any("\0" in part for part in parts):
        raise ValueError("a setting or the command holds a NUL character")
    return b"\0".join(os.fsencode(part) for part in parts)


def unpack(packed: bytes) -> tuple[bytes, list[bytes], dict[bytes, bytes]]:
    """Directory, command and environment."""
    directory, count, *rest = packed.split(b"\0")
    command, settings = rest[: int(count)], rest[int(count) :]
    pairs = (setting.partition(b"=") for setting in settings)
    return directory, command, {name: value for name, _, value in pairs}


def give_up_rights(user: int) -> None:
    """Become the user, without groups, capabilities or a way to either. What fails shows in `rights_left`."""
    if os.geteuid() == 0:
        for capability in range(LAST_CAPABILITY + 1):
            if _prctl(PR_CAPBSET_READ, capability) == 1:
                _prctl(PR_CAPBSET_DROP, capability)
        try:
            os.setgroups([])
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
        except OSError:
            return
    _prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    header, nothing = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0), (ctypes.c_uint32 * 6)()
    _libc.capset(header, nothing)
    _prctl(PR_SET_NO_NEW_PRIVS, 1)


class _Filter(ctypes.Structure):
    """struct sock_fprog of the kernel."""

    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p)]


def load_filter(program: bytes) -> None:
    """For this process and all that it will start. What fails shows in `rights_left`."""
    instructions = ctypes.create_string_buffer(program, len(program))
    loaded = _Filter(len(program) // INSTRUCTION_BYTES, ctypes.addressof(instructions))
    _prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(loaded))


def rights_left(user: int, *, was_root: bool) -> list[str]:
    """Lines of the kernel's account of this process (proc_pid_status(5)) that are not as they have to be."""
    own, none = b"\t".join([b"%d" % user] * 4), b"0" * 16
    wanted = {b"Uid": own, b"NoNewPrivs": b"1", b"CapInh": none, b"CapPrm": none, b"CapEff": none, b"CapAmb": none}
    wanted[b"Seccomp"] = b"%d" % SECCOMP_MODE_FILTER
    if was_root:
        wanted |= {b"Gid": own, b"Groups": b"", b"CapBnd": none}
    with open("/proc/self/status", "rb") as status:
        lines = {name: value.strip() for name, _, value in (line.partition(b":") for line in status)}
    return [os.fsdecode(b"%s %s" % (name, lines[name])) for name, value in wanted.items() if lines[name] != value]


def _prctl(option: int, argument: int, second: int = 0) -> int:
    return int(_libc.prctl(option, *(ctypes.c_ulong(value) for value in (argument, second, 0, 0))))


def _forget_signals() -> None:
    """An ignored signal stays ignored in the next program, and the interpreter ignores some.

    SIGXFSZ stays so: whoever makes a file too large gets an error (EFBIG), and is not ended.
    """
    for number in range(1, LAST_SIGNAL + 1):
        if number != SIGXFSZ:
            _libc.signal(number, SIG_DFL)


def _take_terminal() -> None:
    """The terminal that somebody has given it is its own: it asks for passwords there, and Ctrl-C comes to it."""
    if os.isatty(0):
        _libc.setsid()  # where it leads a session already, nothing happens
        _libc.ioctl(0, TIOCSCTTY, 0)


def _stop(code: int, sentence: str) -> int:
    os.write(2, f"{sentence}\n".encode(errors="replace"))
    return code


def _run(command: list[bytes], env: dict[bytes, bytes]) -> int:
    """As execvpe does, which would import a module: the interpreter's files may be closed to the site's user."""
    folders = [b""] if b"/" in command[0] else env.get(b"PATH", PATH).split(b":")
    code, reason = NOT_FOUND, os.strerror(errno.ENOENT)
    for folder in folders:
        try:
            os.execve(os.path.join(folder, command[0]), command, env)  # noqa: S606 - a list, no shell
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            code, reason = NOT_RUN, error.strerror or reason
    return _stop(code, f"{os.fsdecode(command[0])}: {reason}")


def _read(descriptor: int) -> bytes:
    with open(descriptor, "rb") as stream:
        return stream.read()


def main(user: int, descriptor: int, calls: int | None = None) -> int:
    """Returns only when the site's program cannot be run; the reason is on stderr."""
    was_root = os.geteuid() == 0
    give_up_rights(user)
    if calls is not None:
        load_filter(_read(calls))
    if left := rights_left(user, was_root=was_root):
        return _stop(NOT_RUN, f"Nothing of the site was run, for its process would keep rights: {', '.join(left)}.")
    directory, command, env = unpack(_read(descriptor))
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    os.umask(UMASK)
    _forget_signals()
    _take_terminal()
    try:
        os.chdir(directory)
    except OSError as error:
        return _stop(NOT_RUN, f"{os.fsdecode(directory)}: {error.strerror}")
    return _run(command, env)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
