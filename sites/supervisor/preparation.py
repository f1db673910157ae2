"""What must be so before the first process is started: the folders, and the version of what lies in them."""

import os
import stat

from django.conf import settings

from sites.errors import Refused

DATA_VERSION = 1
"""Grows when the layout of the data folder changes in a way that older code would misread."""


def make_folders() -> None:
    """Make the data folder and its parts, for their owner alone. Raises Refused."""
    private = [settings.DATA_DIR, settings.RUN_DIR, settings.LOG_DIR, settings.UPLOAD_DIR, settings.STATIC_ROOT]
    for folder in private:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = settings.RUN_DIR.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise Refused(
            f"{settings.RUN_DIR} belongs to somebody else, so the sockets cannot lie there. Nothing was started. "
            "Choose a data folder with a shorter path: ./greenroom up --data DIR"
        )
    settings.RUN_DIR.chmod(0o700)


def check_data_version() -> None:
    """Refuse a data folder of newer code. Raises Refused."""
    path = settings.DATA_DIR / "version"
    if not path.exists():
        path.write_text(f"{DATA_VERSION}\n")
        return
    version = int(path.read_text())
    if version > DATA_VERSION:
        raise Refused(
            f"The data folder {settings.DATA_DIR} was written by a newer Greenroom (version {version}; this one knows "
            f"{DATA_VERSION}). Nothing was changed. Start the newer code, or choose another folder with --data."
        )
