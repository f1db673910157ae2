"""Where a test takes another user, the clone and its Python may lie in a folder that only root may enter."""

from collections.abc import Sequence
from pathlib import Path

ENTERS = 0o001


def is_open(folder: Path) -> bool:
    """Whether other users may enter it."""
    return bool(folder.stat().st_mode & ENTERS)


def closed_above(folder: Path) -> Path | None:
    """The topmost folder above this one that other users may not enter."""
    return next((one for one in reversed(folder.parents) if not is_open(one)), None)


def for_everybody(folders: Sequence[Path]) -> tuple[str, ...]:
    """What to put before a command so that every user finds these folders at their paths, open like those above them.

    The command has a view of the files of its own, in which what is closed holds nothing but what is asked for.
    """
    wanted: list[Path] = []
    for folder in folders:
        wanted += [folder] if is_open(folder) else [one for one in folder.iterdir() if one.is_dir()]
    closed = {folder: above for folder in wanted if (above := closed_above(folder)) is not None}
    if not closed:
        return ()
    lines = ["set -e", "place=$(mktemp -d)"]
    for number, folder in enumerate(closed):
        lines += [f"mkdir $place/{number}", f"mount --bind '{folder}' $place/{number}"]
    lines += [f"mount -t tmpfs -o mode=0755 none '{above}'" for above in dict.fromkeys(closed.values())]
    for number, folder in enumerate(closed):
        lines += [f"mkdir -p '{folder}'", f"mount --move $place/{number} '{folder}'"]
    lines += ["rm -r $place", "cd /", 'exec "$@"']
    return ("unshare", "--mount", "sh", "-c", "\n".join(lines), "sh")
