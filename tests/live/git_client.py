"""A real git with a repository of its own, as a person has it who pushes to a slot."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from sites.models import HostNameKind, Slot

NOBODYS = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    "LC_ALL": "C.UTF-8",
}


def git_address(slot: Slot, port: int) -> str:
    """Where a slot is pushed to, with its credentials. The name leads to this machine without a resolver."""
    host = slot.host_names.get(kind=HostNameKind.PUBLISHING).name
    user = slot.publishing_user.replace("$", "%24")
    return f"http://{user}:{slot.publishing_password}@{host}:{port}/{slot.site.name}.git"


class Repository:
    """A working copy."""

    def __init__(self, folder: Path, *, is_new: bool = True) -> None:
        self.folder = folder
        if is_new:
            folder.mkdir()
            self("init", "--quiet", "--initial-branch=main")

    def __call__(self, *arguments: str, wants: int = 0, **environment: str) -> str:
        """What git says, both streams together; fails with it unless git ends with the code `wants`."""
        done = self.run(arguments, environment)
        assert done.returncode == wants, f"git {' '.join(arguments)}: {done.returncode}\n{done.stdout}"
        return done.stdout

    def run(
        self, arguments: tuple[str, ...], environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """The same, whatever the code."""
        return subprocess.run(
            ["git", "-C", str(self.folder), *arguments],
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder), **NOBODYS, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )

    def commit(self, message: str, **files: str) -> str:
        """Write files (a name's double underscore stands for its dot), commit everything, and return the commit."""
        for name, text in files.items():
            path = self.folder / name.replace("__", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self("add", "--all")
        self("commit", "--quiet", "--allow-empty", "-m", message)
        return self("rev-parse", "HEAD").strip()
