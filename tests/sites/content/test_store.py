"""Contents on disk: named by what they hold, never changed, never half there."""

import io
import os
import stat
import threading
from pathlib import Path

import pytest

from sites.content import store
from sites.content.uploads import received
from sites.disk import trees
from tests.sites.content.conftest import Lay

SITE = {"index.html": "hello", "css/site.css": "body {}"}


def age(path: Path, seconds: float = 2 * store.HOUR) -> None:
    at = path.stat().st_mtime - seconds
    os.utime(path, (at, at))


def test_the_same_files_have_the_same_digest_whatever_their_times_and_order(lay: Lay) -> None:
    first = store.put_folder(lay(SITE, "one"))
    second = store.put_folder(lay(dict(reversed(SITE.items())), "two"))
    assert first == second
    assert (first.files, first.bytes) == (2, 12)


@pytest.mark.parametrize(
    "other",
    [
        {"index.html": "hullo", "css/site.css": "body {}"},
        {"index.htm": "hello", "css/site.css": "body {}"},
        {"index.html": "hello"},
    ],
)
def test_another_name_or_body_gives_another_digest(lay: Lay, other: dict[str, str | bytes]) -> None:
    assert store.put_folder(lay(SITE, "one")).digest != store.put_folder(lay(other, "two")).digest


def test_the_executable_bit_is_kept_and_belongs_to_the_digest(lay: Lay) -> None:
    plain = store.put_folder(lay({"run": "#!/bin/sh"}, "one"))
    folder = lay({"run": "#!/bin/sh"}, "two")
    (folder / "run").chmod(0o755)
    executable = store.put_folder(folder)
    assert executable.digest != plain.digest
    assert stat.S_IMODE((store.path_of(executable.digest) / "run").stat().st_mode) == 0o755


def test_a_stored_content_is_its_owners_alone_to_change_and_readable_for_the_sites_user(lay: Lay) -> None:
    path = store.path_of(store.put_folder(lay(SITE)).digest)
    assert stat.S_IMODE(path.stat().st_mode) == 0o755
    assert stat.S_IMODE((path / "css").stat().st_mode) == 0o755
    assert stat.S_IMODE((path / "css/site.css").stat().st_mode) == 0o644


def test_the_manifest_tells_every_file(lay: Lay) -> None:
    entries = store.files(store.put_folder(lay(SITE)).digest)
    assert sorted(entries) == ["css/site.css", "index.html"]
    assert entries["index.html"].size == 5
    assert store.digest_of(entries) == store.put_folder(lay(SITE)).digest


def test_links_and_empty_folders_do_not_enter(lay: Lay) -> None:
    folder = lay(SITE)
    (folder / "passwords").symlink_to("/etc/passwd")
    (folder / "empty").mkdir()
    assert set(store.files(store.put_folder(folder).digest)) == set(SITE)


def test_a_draft_that_breaks_off_leaves_nothing(data: Path) -> None:
    with pytest.raises(RuntimeError), store.new_content() as draft:
        draft.add("index.html", [b"half"])
        raise RuntimeError
    assert list((data / "content").iterdir()) == []


@pytest.mark.parametrize("digest", ["", "../../etc", "A" * 64, "0" * 64])
def test_what_is_not_stored_is_not_found(digest: str) -> None:
    with pytest.raises(FileNotFoundError):
        store.path_of(digest)


def test_only_old_contents_that_nothing_names_are_removed(lay: Lay, data: Path) -> None:
    used, unused, young = (store.put_folder(lay({"a": name}, name)).digest for name in ("used", "unused", "young"))
    age(store.path_of(used))
    age(store.path_of(unused))
    for folder in store.set_aside_unused({used}):
        trees.remove(folder)
    assert {path.name for path in (data / "content").iterdir()} == {used, f"{used}.json", young, f"{young}.json"}


def test_publishing_an_old_content_again_makes_it_young(lay: Lay) -> None:
    digest = store.put_folder(lay(SITE)).digest
    age(store.path_of(digest))
    store.put_folder(lay(SITE))
    assert store.set_aside_unused(set()) == []


def test_what_killed_processes_left_is_swept_and_what_is_worked_on_is_not(lay: Lay, data: Path) -> None:
    kept = store.put_folder(lay(SITE)).digest
    (data / "upload").mkdir()
    for name in ("content/.new-dead", "content/.new-young", "content/.old-dead"):
        (data / name).mkdir()
    (data / "content/.new-dead/file").write_text("half")
    (data / "upload/upload-dead").write_text("half")
    with store.new_content() as draft, received(io.BytesIO(b"x"), 10) as upload:
        draft.add("index.html", [b"half"])
        for path in [*(data / "content").glob(".new-*"), data / "content/.old-dead", *(data / "upload").iterdir()]:
            if path.name != ".new-young":
                age(path)
        assert store.sweep() == 3
        assert upload.exists()
        assert store.path_of(draft.commit().digest).is_dir()
    left = {path.name for path in (data / "content").iterdir() if not path.name.endswith(".json")}
    assert left >= {kept, ".new-young"} and len(left) == 3
    assert list((data / "upload").iterdir()) == []


def test_a_content_that_nobody_placed_leaves_nothing(data: Path) -> None:
    with store.new_content() as draft:
        draft.add("a/b.html", [b"x"])
        draft.seal()
    assert list((data / "content").iterdir()) == []


def test_while_contents_are_named_none_is_removed(data: Path) -> None:
    order: list[str] = []

    def remove_all() -> None:
        with store.removing():
            order.append("removing")

    with store.naming():
        thread = threading.Thread(target=remove_all)
        thread.start()
        thread.join(0.2)
        order.append("named")
    thread.join(10)
    assert order == ["named", "removing"]
