"""Greenroom's own options reach the settings through the environment."""

from pathlib import Path

import pytest

from portal.options import take_options


def test_options_are_taken_in_both_spellings_and_the_rest_stays() -> None:
    environment: dict[str, str] = {}
    rest = take_options(["manage.py", "up", "--port", "9000", "--suffix=sites.example", "-v", "2"], environment)
    assert rest == ["manage.py", "up", "-v", "2"]
    assert environment == {"GREENROOM_PORT": "9000", "GREENROOM_SUFFIX": "sites.example"}


def test_a_folder_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    environment: dict[str, str] = {}
    take_options(["--data", "here"], environment)
    assert environment == {"GREENROOM_DATA": str(tmp_path / "here")}


def test_an_option_without_value_is_refused() -> None:
    with pytest.raises(SystemExit, match="--data needs a value: --data DIR"):
        take_options(["up", "--data"], {})


def test_what_follows_two_hyphens_is_left_alone() -> None:
    environment: dict[str, str] = {}
    assert take_options(["x", "--", "--port", "1"], environment) == ["x", "--", "--port", "1"]
    assert environment == {}
