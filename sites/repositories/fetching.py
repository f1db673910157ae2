"""A fetch of one branch of a repository elsewhere: its run in the sandbox, and what the run has left.

What the run writes comes from a stranger: it is read as ordinary files only, never through a link.
"""

import base64
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from sites.disk import trees
from sites.disk.use import Use
from sites.plain_text import one_line
from sites.repositories.commands import LIMITS, NO_LIMIT, OUT, PROGRAMS, TARGET, TOLERATED, git_environment
from sites.repositories.remote import Remote
from sites.runtime.spec import Mount, RunSpec

SECONDS = 900.0
NO_BRANCH = 3
"""The exit code of the program when the repository has no such branch."""
SHORT = 4096
"""Bytes of what the program says of a commit."""
COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
STALLED = {"http.lowSpeedLimit": "1000", "http.lowSpeedTime": "60"}
"""A server that sends fewer bytes a second for so many seconds is given up."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be fetched, and for whom."""

    key: str
    """Of the run: letters, digits and hyphens, the same for the same fetch."""
    site_id: int
    name: str
    """For people: 'contoso (staging)'."""
    remote: Remote
    branch: str
    served_commit: str
    user: str = ""
    password: str = ""

    @property
    def has_credentials(self) -> bool:
        """Whether some are sent along."""
        return bool(self.user or self.password)

    @property
    def folder(self) -> Path:
        """Of everything that belongs to it."""
        return folder_of(self.key)

    @property
    def log(self) -> Path:
        """What git said."""
        return self.folder / "log"


@dataclass(frozen=True, slots=True)
class Found:
    """The newest commit of the branch, as the program tells it; each is one line of text."""

    commit: str
    author: str = ""
    subject: str = ""


def folder_of(key: str) -> Path:
    """The folder of a fetch."""
    return settings.GIT_DIR / "fetches" / key


def run_id_of(key: str) -> str:
    """The id by which the runtime knows its run."""
    return f"fetch-{key}"


def prepare(wanted: Wanted) -> None:
    """Make the folders of the run. May be repeated. Raises OSError."""
    out = wanted.folder / "out"
    out.mkdir(parents=True, exist_ok=True)
    out.chmod(0o755)  # the run is another user's; the data folder above is closed


def plan(wanted: Wanted, addresses: list[str], *, quota: Use) -> RunSpec:
    """The run, which may connect to `addresses` only and take no more of the disk than an upload, or `quota`."""
    most = settings.MAX_UPLOAD + settings.MAX_UNPACKED
    return RunSpec(
        run_id=run_id_of(wanted.key),
        owner=wanted.site_id,
        name=wanted.name,
        command=("/bin/sh", f"{TARGET}/fetch"),
        env=environment(wanted, addresses),
        mounts=(Mount(str(PROGRAMS), TARGET, is_writable=False), Mount(str(wanted.folder / "out"), OUT)),
        directory=OUT,
        limits=LIMITS,
        timeout_seconds=SECONDS,
        log=str(wanted.log),
        disk_bytes=min(most, quota.bytes or most),
        disk_files=quota.files or NO_LIMIT,
    )


def environment(wanted: Wanted, addresses: list[str]) -> dict[str, str]:
    """Of the program. The credentials are sent to this host only, for git follows no redirect here."""
    remote = wanted.remote
    configuration = {
        "fetch.fsckObjects": "true",
        **{f"fetch.fsck.{fault}": "warn" for fault in TOLERATED},
        "http.followRedirects": "false",
        "http.curloptResolve": f"{remote.host}:{remote.port}:{','.join(map(_in_brackets, addresses))}",
        **STALLED,
    }
    if wanted.has_credentials:
        shown = base64.b64encode(f"{wanted.user}:{wanted.password}".encode()).decode()
        configuration[f"http.{remote.scheme}://{remote.authority}/.extraHeader"] = f"Authorization: Basic {shown}"
    return git_environment(configuration) | {
        "GIT_ALLOW_PROTOCOL": remote.scheme,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "/bin/false",
        "LC_ALL": "C.UTF-8",
        "URL": remote.url,
        "BRANCH": wanted.branch,
        "SERVED_COMMIT": wanted.served_commit,
        "OUT": OUT,
    }


def found(wanted: Wanted) -> Found | None:
    """What the run has found; None when it left nothing that can be believed."""
    head = _read(wanted, "head").strip()
    if not COMMIT.fullmatch(head):
        return None
    if head == wanted.served_commit:
        return Found(head)
    commit, _, author, subject = (*map(one_line, _read(wanted, "commit").split("\n")), "", "", "", "")[:4]
    return Found(head, author, subject) if commit == head else None


def take_content(wanted: Wanted) -> Path | None:
    """The zip of the commit, where the run cannot exchange it. May be repeated. None when it is no ordinary file."""
    mine = wanted.folder / "content.zip"
    try:
        os.rename(wanted.folder / "out" / "content.zip", mine)
    except FileNotFoundError:
        if not mine.exists():
            return None
    return mine if stat.S_ISREG(mine.lstat().st_mode) else None


def remove(key: str) -> None:
    """Remove everything of a fetch. May be repeated."""
    if folder_of(key).is_dir():
        trees.remove(folder_of(key))


def kept() -> list[str]:
    """The keys of fetches that have left something."""
    folder = settings.GIT_DIR / "fetches"
    return [path.name for path in folder.iterdir()] if folder.is_dir() else []


def _read(wanted: Wanted, name: str) -> str:
    try:
        descriptor = os.open(wanted.folder / "out" / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return ""
    try:
        is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
        return os.pread(descriptor, SHORT, 0).decode("utf-8", "replace") if is_file else ""
    finally:
        os.close(descriptor)


def _in_brackets(address: str) -> str:
    return f"[{address}]" if ":" in address else address
