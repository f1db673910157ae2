"""The agent's files are whole, and closed to others unless they are for sandboxes."""

from pathlib import Path

from sites.runtime.agent.files import read_json, write_json, write_shown


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


def test_a_file_for_sandboxes_is_replaced_only_when_it_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "etc" / "hosts"
    write_shown(path, "127.0.0.1 localhost\n")
    assert path.stat().st_mode & 0o777 == 0o644
    number = path.stat().st_ino
    write_shown(path, "127.0.0.1 localhost\n")
    assert path.stat().st_ino == number, "bwrap cannot mount what is replaced meanwhile"
    with path.open() as shown:
        write_shown(path, "127.0.0.2 localhost\n")
        assert shown.read() == "127.0.0.1 localhost\n", "a sandbox that runs keeps its file"
    assert path.read_text() == "127.0.0.2 localhost\n"
    path.chmod(0o600)
    write_shown(path, "127.0.0.2 localhost\n")
    assert path.stat().st_mode & 0o777 == 0o644
    assert [entry.name for entry in path.parent.iterdir()] == ["hosts"]
