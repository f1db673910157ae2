"""Where there is no sandbox, its paths are translated."""

import os
from pathlib import Path

import pytest

from sites.disk.use import DEEPEST
from sites.runtime.agent.machine import hand_over, translate
from sites.runtime.spec import Mount
from tests.contents import nest

MOUNTS = (Mount("/data/1", "/app"), Mount("/data/venv", "/app/.venv"))


@pytest.mark.parametrize(
    ("inside", "outside"),
    [
        ("/app", "/data/1"),
        ("/app/app.py", "/data/1/app.py"),
        ("/app/.venv/bin:/usr/bin", "/data/venv/bin:/usr/bin"),
        ("/application", "/application"),
        ("wsgi:app", "wsgi:app"),
    ],
)
def test_paths_inside_become_paths_of_the_host(inside: str, outside: str) -> None:
    assert translate(inside, MOUNTS) == outside


def test_a_folder_is_handed_over_once_and_links_are_not_followed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").touch()
    (tmp_path / "folder" / "link").symlink_to("/etc/passwd")
    given: list[tuple[str, bool]] = []
    monkeypatch.setattr(
        os, "chown", lambda path, uid, gid, follow_symlinks, **_: given.append((Path(path).name, follow_symlinks))
    )
    hand_over(tmp_path, 20001)
    assert sorted(given) == sorted([("folder", False), ("file", False), ("link", False), (tmp_path.name, False)])
    given.clear()
    hand_over(tmp_path, os.getuid())
    assert given == []


def test_a_folder_deeper_than_can_be_walked_is_an_error_of_its_own(tmp_path: Path) -> None:
    nest(tmp_path, 2 * DEEPEST)
    with pytest.raises(OSError, match=f"more than {DEEPEST} deep"):
        hand_over(tmp_path, 20001)
