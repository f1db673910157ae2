"""The agent's files are whole, and its logs stay short."""

from pathlib import Path

from sites.runtime.agent.files import read_json, rotate, tail, write_json


def test_what_was_written_is_read_and_nobody_else_may(tmp_path: Path) -> None:
    path = tmp_path / "a" / "run.json"
    write_json(path, {"env": {"SECRET": "x"}})
    assert read_json(path) == {"env": {"SECRET": "x"}}
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["run.json"]


def test_a_missing_or_broken_file_is_none(tmp_path: Path) -> None:
    (tmp_path / "broken").write_text('{"a":')
    assert read_json(tmp_path / "broken") is None
    assert read_json(tmp_path / "missing") is None


def test_a_log_that_grows_is_cut_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("ab", buffering=0) as writer:
        writer.write(b"one\ntwo\n")
        assert not rotate(path, limit=100)
        assert rotate(path, limit=4)
        writer.write(b"three\n")
    assert path.read_bytes() == b"three\n"
    assert tail(path, 2) == ["two", "three"]


def test_the_last_lines_are_read_from_the_end(tmp_path: Path) -> None:
    path = tmp_path / "log"
    assert tail(path, 5) == []
    path.write_bytes(b"x" * 500_000 + b"\nlast \xff\n")
    assert tail(path, 1) == ["last \ufffd"]
    assert not rotate(tmp_path / "none")
