"""Archives of backups, written and read by GNU tar, which keeps the holes of files."""

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from sites.backups import manifest
from sites.errors import BackupFailed, BackupRefused

SUFFIX = ".tar.gz"
COMPRESS = "gzip -1"
KEPT_AS_THEY_ARE = ("--sparse", "--numeric-owner", "--one-file-system")
CHANGED = 1
"""Exit code of tar when files changed while they were read; those of running sites do."""


def write(target: Path, parts: Sequence[tuple[Path, Sequence[str]]]) -> list[str]:
    """Write the entries of some folders, each given as (folder, names), and return what tar says of files that changed
    meanwhile. Raises BackupFailed."""
    line = ["tar", "--create", f"--file={target}", f"--use-compress-program={COMPRESS}", *KEPT_AS_THEY_ARE]
    for folder, names in parts:
        line += ["-C", str(folder), *names] if names else []
    with tempfile.TemporaryFile("w+", errors="replace") as errors:
        code = subprocess.run(line, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors).returncode
        errors.seek(0)
        said = [text.removeprefix("tar: ").strip() for text in errors]
    if code not in (0, CHANGED):
        raise BackupFailed(reason=f"tar ended with {code}: {' '.join(said)[-500:]}")
    return said


def describe(source: Path) -> manifest.Manifest:
    """The manifest of an archive, without reading the rest. Raises BackupRefused."""
    line = ["tar", "--extract", f"--file={source}", "--gzip", "--to-stdout", "--occurrence=1", manifest.NAME]
    done = subprocess.run(line, capture_output=True, text=True, errors="replace")
    if done.returncode:
        raise BackupRefused(
            reason=f"tar cannot read it ({done.stderr.strip()[-300:]})",
            remedy="Choose a file that `./greenroom backup` wrote, and copy it again if it was cut off.",
        )
    return manifest.parse(done.stdout)


def extract(source: Path, target: Path) -> None:
    """Unpack all of it into an empty folder. Raises BackupRefused."""
    line = ["tar", "--extract", f"--file={source}", "--gzip", "--preserve-permissions", *KEPT_AS_THEY_ARE[:2]]
    done = subprocess.run([*line, "-C", str(target)], capture_output=True, text=True, errors="replace")
    if done.returncode:
        raise BackupRefused(
            reason=f"it could not be unpacked ({done.stderr.strip()[-300:]})",
            remedy="See that the disk has room and that the file was copied whole, then restore again.",
        )
