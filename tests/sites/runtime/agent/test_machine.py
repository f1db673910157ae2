"""Where there is no sandbox, its paths are translated."""

from pathlib import Path

import pytest

from sites.disk import trees
from sites.disk.trees import DEEPEST
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


def test_a_folder_is_handed_over_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given: list[tuple[Path, int]] = []
    monkeypatch.setattr(trees, "give_to", lambda folder, uid: given.append((folder, uid)))
    hand_over(tmp_path, 20001)
    hand_over(tmp_path, tmp_path.stat().st_uid)
    assert given == [(tmp_path, 20001)]


def test_a_folder_deeper_than_can_be_walked_is_an_error_of_its_own(tmp_path: Path) -> None:
    nest(tmp_path, 2 * DEEPEST)
    with pytest.raises(OSError, match=f"more than {DEEPEST} deep"):
        hand_over(tmp_path, 20001)
