"""The sample site, the placeholder and the demonstration's applications."""

from pathlib import Path

import pytest

from sites.content.recognition import Kind, recognise
from sites.content.samples import demo_archive, placeholder_content, sample_archive, sample_content
from sites.content.store import files, path_of
from sites.content.tree import Folder
from tests.contents import unpack_zip


def unpacked(body: bytes, folder: Path) -> Path:
    path = folder / "site.zip"
    path.write_bytes(body)
    return path_of(unpack_zip(path).digest)


def test_the_two_versions_of_the_sample_are_two_contents_that_need_no_build() -> None:
    first, second = sample_content("hello", "v1"), sample_content("hello", "v2")
    assert first.digest != second.digest
    for content in (first, second):
        recipe = recognise(Folder(path_of(content.digest)))
        assert (recipe.kind, recipe.build_steps) == (Kind.PROCFILE, ())


def test_the_sample_as_an_archive_is_the_same_content(tmp_path: Path) -> None:
    assert unpacked(sample_archive("hello", "v1"), tmp_path).name == sample_content("hello", "v1").digest


def test_the_placeholder_is_a_static_site() -> None:
    content = placeholder_content()
    assert set(files(content.digest)) == {"index.html"}
    assert recognise(Folder(path_of(content.digest))).kind is Kind.STATIC


@pytest.mark.parametrize(("name", "kind"), [("flask", Kind.PYTHON), ("django", Kind.DJANGO)])
def test_the_demonstrations_applications_are_recognised(tmp_path: Path, name: str, kind: Kind) -> None:
    folder = unpacked(demo_archive(name, "v1"), tmp_path)
    assert recognise(Folder(folder)).kind is kind
    assert (folder / "VERSION").read_text() == "v1\n"
    assert unpacked(demo_archive(name, "v2"), tmp_path) != folder


def test_an_archive_is_the_same_each_time_it_is_made() -> None:
    assert demo_archive("flask", "v1") == demo_archive("flask", "v1")


@pytest.mark.parametrize("ask", [lambda: sample_content("other", "v1"), lambda: demo_archive("other", "v1")])
def test_other_names_are_not_known(ask: object) -> None:
    with pytest.raises(KeyError):
        ask()  # type: ignore[operator]
