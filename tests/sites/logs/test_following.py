"""A reader with nothing but a position misses no line, reads none twice, and is never given more than it asked for."""

from pathlib import Path

import pytest

from sites.logs import files
from sites.logs.following import Piece, read_forward, read_on

MAX_BYTES = 1000


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def go_on(log: Path, piece: Piece, *, max_bytes: int = MAX_BYTES) -> Piece:
    return read_on(log, piece.position, max_bytes=max_bytes)


def test_only_whole_lines_are_given_and_the_rest_follows(log: Path) -> None:
    assert read_on(log, "", max_bytes=MAX_BYTES) == Piece(b"", "")
    files.append(log, b"one\ntw")
    first = read_on(log, "", max_bytes=MAX_BYTES)
    assert first.data == b"one\n"
    assert go_on(log, first).data == b""
    files.append(log, b"o\nthree\n")
    second = go_on(log, first)
    assert second.data == b"two\nthree\n"
    assert go_on(log, second) == Piece(b"", second.position)


def test_a_first_line_that_is_not_complete_is_given_when_it_is(log: Path) -> None:
    files.append(log, b"o")
    first = read_on(log, "", max_bytes=MAX_BYTES)
    files.append(log, b"ne\n")
    assert (first.data, go_on(log, first).data) == (b"", b"one\n")


def test_nothing_is_missed_or_given_twice_while_the_files_change_places(log: Path) -> None:
    piece, read = Piece(b"", ""), b""
    for number in range(500):
        files.append(log, b"%04d\n" % number, limit=200)
        if number % 7 == 0:
            piece = go_on(log, piece)
            read += piece.data
    assert read == b"".join(b"%04d\n" % number for number in range(498))


def test_a_line_over_two_files_is_one(log: Path) -> None:
    files.append(log, b"a\n", limit=40)
    first = read_on(log, "", max_bytes=MAX_BYTES)
    files.append(log, b"b" * 30, limit=40)
    assert (second := go_on(log, first)).data == b""
    files.append(log, b"c\n", limit=40)
    assert go_on(log, second).data == b"b" * 30 + b"c\n"


def test_of_more_than_was_asked_for_the_newest_lines_are_given_and_the_others_counted(log: Path) -> None:
    files.append(log, b"".join(b"%04d\n" % number for number in range(100)))
    piece = read_on(log, "", max_bytes=22)
    assert (piece.data, piece.left_out) == (b"0096\n0097\n0098\n0099\n", 480)
    assert go_on(log, piece).left_out == 0


def test_all_that_is_kept_is_read_forward_piece_by_piece_over_both_files(log: Path) -> None:
    lines = b"".join(b"%04d\n" % number for number in range(100))
    files.append(log, lines + b"part", limit=800)
    pieces = [read_forward(log, "", max_bytes=22)]
    while pieces[-1].data:
        pieces.append(read_forward(log, pieces[-1].position, max_bytes=22))
    assert b"".join(piece.data for piece in pieces) == lines
    assert {len(piece.data) for piece in pieces[:-1]} == {20} and not any(piece.left_out for piece in pieces)
    files.append(log, b" of a line that is longer\n", limit=800)
    long = read_forward(log, pieces[-1].position, max_bytes=22)
    assert long.data == b"part of a line that is"
    assert read_forward(log, long.position, max_bytes=22).data == b" longer\n"


def test_of_a_line_that_is_longer_than_a_piece_only_the_beginning_is_given(log: Path) -> None:
    files.append(log, b"x" * 20)
    beginning = read_on(log, "", max_bytes=20)
    assert (beginning.data, beginning.left_out) == (b"x" * 20, 0)
    files.append(log, b"y" * 30)
    middle = go_on(log, beginning, max_bytes=20)
    assert (middle.data, middle.left_out) == (b"", 30)
    files.append(log, b"z\nnext\n")
    assert go_on(log, middle) == Piece(b"next\n", read_on(log, "", max_bytes=MAX_BYTES).position, 2)


FORGED = b"2026-11-28T06:19:14.123Z of another time "


@pytest.mark.parametrize("limit", [files.LIMIT_BYTES, 400])
def test_what_stands_inside_a_line_never_comes_first(log: Path, limit: int) -> None:
    """There it would be taken for the time of a line, which no application can give."""
    position = ""
    for part in (b"begins ", *[FORGED * 3] * 12, b"ends\nnext\n"):
        files.append(log, part, limit=limit)
        for start in ("", position):
            piece = read_on(log, start, max_bytes=len(FORGED) * 3)
            assert not piece.data.startswith(FORGED[:5])
        position = piece.position
    assert piece.data == b"next\n"


def test_a_position_in_a_file_that_is_gone_begins_with_what_there_is(log: Path) -> None:
    files.append(log, b"one\ntwo\n")
    piece = read_on(log, "", max_bytes=MAX_BYTES)
    files.remove(log)
    files.append(log, b"new\n")
    assert go_on(log, piece).data == b"new\n"


@pytest.mark.parametrize("position", ["nonsense", "1-2-x"])
def test_text_that_is_no_position_is_refused(log: Path, position: str) -> None:
    files.append(log, b"one\n")
    with pytest.raises(ValueError, match="invalid literal"):
        read_on(log, position, max_bytes=MAX_BYTES)
