"""Zips and manifests of strangers, altered at random: each is taken, or refused with a sentence and nothing left."""

import json
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from hypothesis import given, settings
from hypothesis import strategies as st

from sites.archives import ensure_text
from sites.content.archive import opened
from sites.content.build import plan_build
from sites.content.recipe import Recipe
from sites.content.recognition import recognise
from sites.content.store import REMOVED, UNFINISHED
from sites.content.tree import Folder
from sites.errors import GreenroomError
from tests.contents import unpack_zip
from tests.fuzzing import cases, mutated, read_tree

CORPUS = Path(__file__).parent / "corpus"
ZIPS, MANIFESTS = cases(CORPUS / "zips"), cases(CORPUS / "manifests")
TREES = [read_tree(case) for case in MANIFESTS]
NAMES = sorted({name for tree in TREES for name in tree})
BODIES = {name: [tree[name] for tree in TREES if name in tree] for name in NAMES}
LIMITS = {"max_entries": 50, "max_unpacked": 1 << 20}
DIGEST = "0" * 64
LONGEST_ARGUMENT = 128 * 1024
"""Of a program: MAX_ARG_STRLEN of Linux."""
TIMES = 40
"""As many examples as there are of a profile, for each of these here: one takes milliseconds."""


@st.composite
def trees(draw: st.DrawFn) -> dict[str, bytes]:
    """A few files of names that mean something, with bodies that nearly do."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=5, unique=True))
    return {name: draw(st.one_of(st.sampled_from(BODIES[name]), mutated(BODIES[name]))) for name in names}


@pytest.mark.parametrize("case", ZIPS, ids=lambda case: case.stem)
def test_a_zip_that_was_found_once_is_taken_or_refused(data: Path, tmp_path: Path, case: Path) -> None:
    try_zip(data, tmp_path, case.read_bytes())


@pytest.mark.parametrize("case", MANIFESTS, ids=lambda case: case.stem)
def test_manifests_that_were_found_once_are_understood_or_refused(tmp_path: Path, case: Path) -> None:
    try_tree(tmp_path / "laid", read_tree(case))


def test_an_altered_zip_is_taken_or_refused(data: Path, tmp_path: Path) -> None:
    @settings(max_examples=settings().max_examples * TIMES)
    @given(mutated([case.read_bytes() for case in ZIPS]))
    def fuzz(body: bytes) -> None:
        try_zip(data, tmp_path, body)

    fuzz()


def test_altered_manifests_are_understood_or_refused(tmp_path: Path) -> None:
    numbers = iter(range(1_000_000))

    @settings(max_examples=settings().max_examples * TIMES)
    @given(trees())
    def fuzz(files: dict[str, bytes]) -> None:
        try_tree(tmp_path / str(next(numbers)), files)

    fuzz()


def try_zip(data: Path, folder: Path, body: bytes) -> None:
    """As an upload goes: recognised while it is packed, then unpacked."""
    archive = folder / "site.zip"
    archive.write_bytes(body)
    before = stored(data)
    try:
        with opened(archive, **LIMITS) as tree:
            for name in tree.names():
                tree.read(name, 100)
        unpack_zip(archive, **LIMITS)
    except GreenroomError as refusal:
        assert_readable(str(refusal))
        assert stored(data) == before
    assert not [name for name in stored(data) if name.startswith((UNFINISHED, REMOVED))]


def try_tree(folder: Path, files: dict[str, bytes]) -> None:
    """As a content is recognised and its build is planned: what comes of it can be run."""
    for name, body in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(body)
    try:
        recipe = recognise(Folder(folder))
        ensure_text(recipe)
    except GreenroomError as refusal:
        assert_readable(str(refusal))
        return
    for text in texts_of(recipe):
        text.encode()
        assert "\0" not in text
    (django_settings.CONTENT_DIR / DIGEST).mkdir(parents=True, exist_ok=True)
    planned = plan_build(DIGEST, recipe, owner=1, name="contoso", log="/dev/null")
    arguments = (*recipe.command, *recipe.release_command, *(planned.run.command if planned.run else ()))
    assert max(len(argument.encode()) for argument in arguments) < LONGEST_ARGUMENT


def texts_of(recipe: Recipe) -> list[str]:
    """Everything that goes to a program, to a log or to a page."""
    lines = (*recipe.command, *recipe.release_command, *recipe.build_steps, *recipe.warmup_paths, recipe.fallback_page)
    wanted = (part for one in recipe.wanted for part in (one.versions, one.source))
    return [*lines, *wanted, *(part for file in recipe.files for part in file)]


def assert_readable(sentence: str) -> None:
    """Something that a person can be shown."""
    json.dumps(sentence, ensure_ascii=False).encode()
    assert sentence.rstrip().endswith("."), sentence
    assert not [character for character in sentence if ord(character) < 32 and character != "\n"], sentence


def stored(data: Path) -> set[str]:
    """Names of all contents, and of what is not finished."""
    return {path.name for path in (data / "content").glob("*")} if (data / "content").exists() else set()
