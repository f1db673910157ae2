"""Greenroom as a unit of systemd, which reads it as it is meant."""

import shutil
import subprocess
from pathlib import Path

import pytest

from sites.supervisor.unit import STATE, Unit, is_ours, quoted

ROOT = Path(__file__).parents[3]


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A start script in a folder whose name systemd would expand and split."""
    folder = tmp_path / "with space and %h"
    folder.mkdir()
    script = folder / "greenroom"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    return script


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="the package systemd is not installed")
@pytest.mark.parametrize("is_root", [True, False])
def test_systemd_takes_the_unit_with_any_path(program: Path, tmp_path: Path, is_root: bool) -> None:
    unit = Unit(program, tmp_path / 'data $HOME "of all"', {"--port": "80"}, None if is_root else tmp_path)
    file = tmp_path / unit.path.name
    file.write_text(unit.text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", file], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_unit_starts_with_the_options_and_has_room_for_a_slow_start() -> None:
    lines = Unit(ROOT / "greenroom", STATE, {"--port": "80", "--suffix": "example.org"}).text.splitlines()
    assert f"ExecStart={ROOT}/greenroom up --data {STATE} --port 80 --suffix example.org" in lines
    assert f"ExecReload={ROOT}/greenroom restart --data {STATE}" in lines
    assert "StateDirectory=greenroom" in lines
    assert "Restart=on-failure" in lines
    assert "KillMode=process" in lines
    (seconds,) = (line.partition("=")[2] for line in lines if line.startswith("WatchdogSec="))
    assert int(seconds) >= 60


def test_a_service_of_a_user_lies_in_the_home_and_asks_for_nothing_of_root(tmp_path: Path) -> None:
    unit = Unit(ROOT / "greenroom", tmp_path / "data", {}, tmp_path)
    assert unit.path == tmp_path / ".config/systemd/user/greenroom.service"
    assert "WantedBy=default.target" in unit.text
    assert not {"LimitNOFILE", "StateDirectory", "RequiresMountsFor"} & {
        line.split("=")[0] for line in unit.text.split()
    }


@pytest.mark.parametrize("path", ["/data\nExecStartPre=/bin/sh", "/data\x00", "/data\u2028"])
def test_what_would_be_a_line_of_its_own_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="no unit can hold"):
        quoted(path)


def test_a_program_that_systemd_would_not_start_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="takes in no program"):
        Unit(tmp_path / 'a "b"/greenroom', tmp_path, {}).text  # noqa: B018


def test_a_unit_of_somebody_else_is_known(tmp_path: Path) -> None:
    assert is_ours(Unit(ROOT / "greenroom", tmp_path, {}).text)
    assert not is_ours("[Service]\nExecStart=/opt/greenroom/greenroom up\n")
