"""Who gets a layer, and what people see of its files."""

import ast
import asyncio
import os
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from sites.runtime.agent import launcher, layers, overlay
from sites.runtime.agent.layer_plan import Folder, Plan
from sites.runtime.agent.layers import Layer, parts_of, plan_of
from sites.runtime.spec import Limits, Mount, Written

CONTENT = Mount("/content/1", "/app", is_writable=False)
STORE = Mount("/mounts/1", "/data/store")
INSIDE = Mount("/mounts/2", "/app/var/data/")


def test_a_content_gets_a_layer_with_the_folders_inside_it() -> None:
    parts = parts_of((CONTENT, STORE, INSIDE))
    assert (parts.content, parts.inside, parts.others) == (CONTENT, (INSIDE,), (STORE,))
    plan = plan_of(parts, Path("/state/1/0"), Limits(memory_mb=512), user=20007)
    assert plan == Plan(
        content="/content/1",
        place="/state/1/0/layer",
        user=20007,
        size_bytes=128 * 1024 * 1024,
        max_files=layers.MAX_FILES,
        folders=(Folder("/mounts/2", "var/data", is_writable=True),),
    )
    assert overlay.unpack(plan.pack()) == (
        "/content/1",
        "/state/1/0/layer",
        20007,
        128 * 1024 * 1024,
        layers.MAX_FILES,
        [("/mounts/2", "var/data", True)],
    )
    with pytest.raises(OSError, match="NUL"):
        replace(plan, content="/content\0").pack()


@pytest.mark.parametrize("script", [overlay, launcher], ids=["overlay", "launcher"])
def test_what_every_start_waits_for_imports_little(script: ModuleType) -> None:
    tree = ast.parse(Path(str(script.__file__)).read_text())
    imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    assert imported == {"ctypes", "errno", "os", "sys"}
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]


def test_a_folder_that_a_build_writes_into_gets_none() -> None:
    mounts = (Mount("/builds/1", "/app"), Mount("/cache", "/app/cache"))
    parts = parts_of(mounts)
    assert (parts.content, parts.others) == (None, mounts)
    assert plan_of(parts, Path("/state/1/0"), Limits(), user=None) is None


def written(folder: Path) -> Written:
    """What the log says of a layer with these files when it ends."""

    async def look() -> tuple[Written, list[str]]:
        layer, notes = Layer(os.open(folder, os.O_RDONLY)), list[str]()
        await layer.end(notes.append)
        await layer.look(notes.append)
        return layer.written, notes

    found, notes = asyncio.run(look())
    assert notes == ([f"{layers.AT_END.format(written=found)}"] if found.files else [])
    return found


def test_files_are_told_by_name_and_others_by_their_folder(tmp_path: Path) -> None:
    for path in ("app.db", "logs/a.log", "logs/b.log", "static/uploads/2026/11/x.png", "a\x1bb"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    (tmp_path / "empty").mkdir()
    assert written(tmp_path) == Written(("a\\x1bb", "app.db", "logs/", "static/uploads/"), 0, 5)


def test_what_tools_make_again_is_not_told(tmp_path: Path) -> None:
    for path in ("__pycache__/app.pyc", "node_modules/.vite-temp/x.mjs", "package/__pycache__/m.pyc"):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).touch()
    assert written(tmp_path) == Written()


def test_of_many_places_the_first_are_named(tmp_path: Path) -> None:
    for number in range(layers.PLACES_SHOWN + 3):
        (tmp_path / f"{number:02}").touch()
    found = written(tmp_path)
    assert (len(found.places), found.more, found.files) == (layers.PLACES_SHOWN, 3, layers.PLACES_SHOWN + 3)
    assert str(found).endswith("07 and 3 more")


def test_more_files_than_are_looked_at_do_not_keep_anybody_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layers, "MAX_LOOKED_AT", 5)
    for number in range(20):
        (tmp_path / str(number)).touch()
    assert written(tmp_path).files == 5
