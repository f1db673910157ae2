"""What is in a pipe is in its log or still in the pipe, whenever its reader dies."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sites.logs import files
from sites.logs.pump import make_pipe
from sites.logs.stream import BURST, Copies, Stream

LIMIT = 256 * 1024


@pytest.fixture
def null() -> Iterator[int]:
    descriptor = os.open(os.devnull, os.O_WRONLY)
    yield descriptor
    os.close(descriptor)


@pytest.fixture
def copies() -> Iterator[Copies]:
    copies = Copies()
    yield copies
    copies.close()


@pytest.fixture
def stream(tmp_path: Path, copies: Copies) -> Iterator[Stream]:
    make_pipe(tmp_path / "pipe")
    stream = Stream(tmp_path / "pipe", tmp_path / "log", LIMIT, copies, is_stamped=False)
    yield stream
    os.close(stream.descriptor)


def test_what_a_reader_had_not_written_when_it_died_is_still_in_the_pipe(
    stream: Stream, null: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise SystemExit

    os.write(stream.descriptor, b"one\ntwo\n")
    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(files, "append", die)
        stream.take(null)
    os.write(stream.descriptor, b"three\n")
    stream.take(null)
    stream.take(null)
    assert (tmp_path / "log").read_bytes() == b"one\ntwo\nthree\n"


def test_a_file_that_is_spliced_and_cut_off_does_not_mix_two_pipes(
    stream: Stream, null: int, copies: Copies, tmp_path: Path
) -> None:
    given = tmp_path / "given"
    given.write_bytes(b"x" * 8192)
    with given.open("rb") as file:
        os.splice(file.fileno(), stream.descriptor, 8192)
    os.truncate(given, 0)
    stream.take(null)
    make_pipe(tmp_path / "other")
    other = Stream(tmp_path / "other", tmp_path / "other.log", LIMIT, copies, is_stamped=False)
    os.write(other.descriptor, b"other\n")
    other.take(null)
    os.close(other.descriptor)
    assert (tmp_path / "other.log").read_bytes() == b"other\n"
    os.write(stream.descriptor, b"\nlast\n")
    stream.take(null)
    assert (tmp_path / "log").read_bytes().endswith(b"\nlast\n")


def test_the_times_of_short_lines_count_for_the_rate_of_a_log(tmp_path: Path, copies: Copies, null: int) -> None:
    make_pipe(tmp_path / "pipe")
    stream = Stream(tmp_path / "pipe", tmp_path / "log", LIMIT, copies, is_stamped=True)
    os.write(stream.descriptor, b"\n" * 1000)
    stream.empty(null)
    os.close(stream.descriptor)
    assert sum(path.stat().st_size for path in tmp_path.glob("log*")) == 26_000
    assert stream._room <= BURST - 26_000
