"""Archives of backups, written and read by GNU tar, which keeps the holes of files."""

import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from sites.backups import manifest
from sites.errors import BackupFailed, BackupRefused

SUFFIX = ".tar.gz"
COMPRESS = "gzip -1"
KEPT_AS_THEY_ARE = ("--sparse", "--numeric-owner")
BUFFER = 1024**2
CHANGED = 1
"""Exit code of tar when files changed while they were read; those of running sites do."""
OF_SITES = "mounts"
"""What web sites write themselves. Whatever they make of it, the rest is written and restored."""


def write(target: Path, parts: Sequence[tuple[Path, Sequence[str]]]) -> list[str]:
    """Write the entries of some folders, each given as (folder, names), and read the archive back.

    Returns what tar says of files that changed meanwhile or could not be read. Raises BackupFailed.
    """
    with tempfile.TemporaryFile("w+", errors="replace") as errors:
        line = _creating(str(target), parts)
        code = subprocess.run(line, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors).returncode
        said = _judged(code, errors)
    _read_back(target)
    return said


def stream(parts: Sequence[tuple[Path, Sequence[str]]], take: Callable[[IO[bytes]], None]) -> list[str]:
    """As `write`, to a function that reads the archive to its end. It is whole only when this has returned."""
    with tempfile.TemporaryFile("w+", errors="replace") as errors:
        with subprocess.Popen(
            _creating("-", parts), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, bufsize=BUFFER
        ) as tar:
            assert tar.stdout is not None  # noqa: S101
            try:
                take(tar.stdout)
            except BaseException:
                tar.kill()
                raise
        return _judged(tar.returncode, errors)


def _creating(target: str, parts: Sequence[tuple[Path, Sequence[str]]]) -> list[str]:
    line = ["tar", "--create", f"--file={target}", f"--use-compress-program={COMPRESS}", *KEPT_AS_THEY_ARE]
    line += ["--one-file-system", "--ignore-failed-read"]
    for folder, names in parts:
        line += ["-C", str(folder), *names] if names else []
    return line


def _judged(code: int, errors: IO[str]) -> list[str]:
    errors.seek(0)
    said = [text.removeprefix("tar: ").strip() for text in errors]
    if code not in (0, CHANGED):
        raise BackupFailed(reason=f"tar ended with {code}: {' '.join(said)[-500:]}")
    return said


def _read_back(target: Path) -> None:
    line = ["tar", "--list", f"--file={target}", "--gzip"]
    done = subprocess.run(line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace")
    if done.returncode:
        raise BackupFailed(reason=f"what was written cannot be read back: {_first(done.stderr)}")


def describe(source: Path) -> manifest.Manifest:
    """The manifest of an archive, without reading the rest. Raises BackupRefused."""
    try:
        source.open("rb").close()
    except OSError as fault:
        raise BackupRefused(
            reason=f"{source} cannot be read ({fault.strerror})",
            remedy="Look whether the path is right and whether you may read the file.",
        ) from fault
    line = ["tar", "--extract", f"--file={source}", "--gzip", "--to-stdout", "--occurrence=1", manifest.NAME]
    done = subprocess.run(line, capture_output=True, text=True, errors="replace")
    if done.returncode:
        raise BackupRefused(
            reason=f"tar cannot read it ({_first(done.stderr)})",
            remedy="Choose a file that `./greenroom backup` wrote, and copy it again if it was cut off.",
        )
    return manifest.parse(done.stdout)


def _first(said: str) -> str:
    """The first line of what tar says: the cause. The others only say that tar ends."""
    return said.strip().partition("\n")[0].removeprefix("tar: ")[:300]


def extract(source: Path, target: Path) -> list[str]:
    """Unpack all of it into an empty folder. Returns what tar says of files of web sites that could not be restored.

    Raises BackupRefused for everything else that could not.
    """
    line = ["tar", "--extract", f"--file={source}", "--gzip", "--preserve-permissions", *KEPT_AS_THEY_ARE]
    line += ["-C", str(target)]
    only_rest = ["--anchored", f"--exclude={OF_SITES}"]
    done = subprocess.run([*line, *only_rest], capture_output=True, text=True, errors="replace")
    if done.returncode:
        raise BackupRefused(
            reason=f"it could not be unpacked ({_first(done.stderr)})",
            remedy="See that the disk has room and that the file was copied whole, then restore again.",
        )
    return _extract_of_sites(line, target)


def _extract_of_sites(line: Sequence[str], target: Path) -> list[str]:
    """An archive without any is no fault."""
    (target / OF_SITES).mkdir(mode=0o700)
    with tempfile.TemporaryFile("w+", errors="replace") as errors:
        done = subprocess.run([*line, "--wildcards", "--anchored", f"{OF_SITES}/*"], stderr=errors)
        if not done.returncode:
            return []
        errors.seek(0)
        said = [text.removeprefix("tar: ").strip() for text in errors]
    return [text for text in said if "Not found in archive" not in text and "Exiting with failure" not in text]
