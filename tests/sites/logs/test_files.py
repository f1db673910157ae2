"""A log keeps its limit, and its end is found."""

from pathlib import Path

from sites.logs import files


def kept(log: Path) -> bytes:
    return b"".join(files.blocks(log))


def test_a_log_never_holds_more_than_its_limit_and_keeps_the_newest(tmp_path: Path) -> None:
    log = tmp_path / "log"
    for number in range(100):
        files.append(log, b"%04d\n" % number, limit=100)
        assert len(kept(log)) <= 100
    assert kept(log).endswith(b"0098\n0099\n")
    assert len(kept(log)) >= 50
    assert log.stat().st_mode & 0o777 == 0o600 if log.exists() else True


def test_one_write_beyond_the_limit_leaves_its_end(tmp_path: Path) -> None:
    files.append(tmp_path / "log", b"x" * 1000 + b"the end", limit=100)
    assert len(kept(tmp_path / "log")) <= 100
    assert kept(tmp_path / "log").endswith(b"the end")


def test_the_last_lines_come_from_both_files(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert files.tail(log, 5) == []
    assert kept(log) == b""
    (tmp_path / "log.1").write_bytes(b"one\ntwo\n")
    assert files.tail(log, 5) == ["one", "two"]
    log.write_bytes(b"three \xff\n")
    assert files.tail(log, 2) == ["two", "three \ufffd"]
    assert files.tail(log, 0) == []
    assert kept(log) == b"one\ntwo\nthree \xff\n"


def test_only_the_end_of_a_large_log_is_read_and_long_lines_are_cut(tmp_path: Path) -> None:
    log = tmp_path / "log"
    half = files.LINE_LENGTH // 2
    log.write_bytes(b"first\n" + b"\n" * 1000 + b"a" * 2500 + b"z" * 2500 + b"\nlast\n")
    assert files.tail(log, 3000, max_bytes=100) == ["z" * 94, "last"]
    assert files.tail(log, 2) == ["a" * half + " … " + "z" * half, "last"]


def test_a_log_that_moves_aside_between_two_looks_is_read_once(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"once\n")
    (tmp_path / "log.1").hardlink_to(log)
    assert files.tail(log, 5) == ["once"]


def test_a_log_that_its_writer_holds_open_is_shortened(tmp_path: Path) -> None:
    log = tmp_path / "log"
    files.shorten(log)
    with log.open("ab", buffering=0) as writer:
        writer.write(b"x" * 50)
        files.shorten(log, limit=100)
        assert log.stat().st_size == 50
        writer.write(b"y" * 50)
        files.shorten(log, limit=100)
        writer.write(b"after")
    assert kept(log) == b"y" * 50 + b"after"


def test_removed_are_both_files(tmp_path: Path) -> None:
    files.append(tmp_path / "log", b"x" * 90, limit=100)
    files.remove(tmp_path / "log")
    files.remove(tmp_path / "log")
    assert list(tmp_path.iterdir()) == []
