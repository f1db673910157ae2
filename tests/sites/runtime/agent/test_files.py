"""The agent's files are whole, and closed to others."""

from pathlib import Path

from sites.runtime.agent.files import read_json, write_json


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
