"""What the report takes from the table of applications."""

from pathlib import Path

from tools.bench.publish.story import KEYS, TARGETS, _applications

TABLE = """
| application | start command | right | publication, s | failed / requests of a swap | what was said |
| --- | --- | --- | --- | --- | --- |
| flaskr | gunicorn | yes | 8.1 | 0 / 400 | |
| vite | lighttpd | yes | 9.2 | 0 / 300 | yes |
| other | | no | 1.0 | | It says yes | yes |
"""


def test_only_rows_that_are_right_count(tmp_path: Path) -> None:
    (tmp_path / "table").write_text(TABLE)
    assert _applications(tmp_path / "table")[0] == 2
    assert _applications(None)[0] is None


def test_every_target_is_a_key_of_the_report() -> None:
    assert set(TARGETS) <= set(KEYS)
