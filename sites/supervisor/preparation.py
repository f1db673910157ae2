"""What must be so before the first process is started: the folders, and the version of what lies in them."""

import os

from django.conf import settings

from sites import data_folder
from sites.errors import Refused
from sites.runtime.agent.isolation import Level


def make_folders(isolation: str) -> int:
    """Make the data folder and its parts, for their owner alone, and return how many files in it were open to others.

    Raises Refused. Without a sandbox sites run as other users and pass through the folder to their files; they can
    list nothing of it.
    """
    data_folder.claim(settings.DATA_DIR)
    for folder in (settings.RUN_DIR, settings.LOG_DIR, settings.UPLOAD_DIR, settings.STATIC_ROOT):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        data_folder.ensure_ours(folder)
        folder.chmod(0o700)
    is_passed_through = isolation == Level.NONE and os.geteuid() == 0
    mode = data_folder.PASSABLE if is_passed_through else data_folder.PRIVATE
    passed = (settings.CONTENT_DIR, settings.BUILD_DIR, settings.CACHE_DIR, settings.MOUNT_DIR, settings.GIT_DIR)
    for folder in (*passed, settings.DATA_DIR):
        folder.mkdir(exist_ok=True)
        data_folder.close(folder, mode)
    return tighten()


def tighten() -> int:
    """Close what older code or a copy left open, and return how many files and folders that were.

    What sites have to read keeps its rights: contents, builds, persistent folders, the accounts that the agent writes.
    """
    own = [settings.LOG_DIR, settings.STATIC_ROOT, settings.RUN_DIR, settings.UPLOAD_DIR, settings.ROUTER_DIR]
    count = sum(data_folder.tighten(folder) for folder in own)
    files = [path for path in settings.DATA_DIR.iterdir() if path.is_file() and not path.is_symlink()]
    files += settings.INSTANCE_DIR.glob("revisions/*/wanted.json")
    files += settings.INSTANCE_DIR.glob("revisions/*/*/log*")
    files += settings.INSTANCE_DIR.glob("runs/*/*.json")
    return count + sum(data_folder.close_file(path) for path in files)


def check_data_version() -> None:
    """Refuse a data folder of newer code. Raises Refused."""
    layout = data_folder.layout_of(settings.DATA_DIR)
    if layout > data_folder.LAYOUT:
        raise Refused(
            f"The data folder {settings.DATA_DIR} was written by a newer Greenroom (version {layout}; this one knows "
            f"{data_folder.LAYOUT}). Nothing was changed. Start the newer code, or choose another folder with --data."
        )
