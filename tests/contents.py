"""Contents as tests make them."""

import os
from pathlib import Path

from sites.content.archive import opened
from sites.content.store import Content, new_content


def unpack_zip(file: Path, **limits: int) -> Content:
    """Store what a zip holds, as a publication does."""
    with opened(file, **limits) as archive, new_content() as draft:
        archive.unpack(draft)
        return draft.commit()


def nest(folder: Path, depth: int) -> None:
    """Lay folders into folders, deeper than a path can name."""
    present = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("deeper", dir_fd=present)
        below = os.open("deeper", os.O_RDONLY, dir_fd=present)
        os.close(present)
        present = below
    os.close(present)
