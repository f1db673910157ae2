"""The package that pipx installs: the same program as in a checkout, with the same libraries."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from distribution.command import default_data_folder

ROOT = Path(__file__).resolve().parents[2]
NOT_INSTALLED = {"greenroom test", "greenroom dev"}
"""Commands of a checkout."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("wheel")
    build = (sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target))
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    [made] = target.glob("greenroom-*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packages with Greenroom in it."""
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def greenroom(installed: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The program as its entry point starts it, in a folder that holds nothing."""
    program = "import sys; from greenroom.command import main; sys.exit(main())"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GREENROOM_", "DJANGO_"))}
    return subprocess.run(
        (sys.executable, "-c", program, *arguments),
        env={**kept, "PYTHONPATH": str(installed), "PYTHONDONTWRITEBYTECODE": "1", **environment},
        cwd=installed.parent,
        capture_output=True,
        text=True,
    )


def test_the_help_is_that_of_a_checkout_without_its_tests(installed: Path) -> None:
    there = subprocess.run(("sh", ROOT / "greenroom", "help"), capture_output=True, text=True, check=True).stdout
    command = re.compile(r"^  (?:\./)?(greenroom [a-z-]+)", re.M)
    said = greenroom(installed, "help").stdout
    assert set(command.findall(said)) == set(command.findall(there)) - NOT_INSTALLED
    assert "./greenroom" not in said
    assert greenroom(installed).stdout == said


def test_a_command_runs_without_a_checkout_and_keeps_its_data_elsewhere(installed: Path, tmp_path: Path) -> None:
    told = greenroom(installed, "doctor", "--data", str(tmp_path / "kept"))
    assert f"data folder {tmp_path / 'kept'}" in told.stdout
    told = greenroom(installed, "diffsettings", "--all", GREENROOM_DATA="", XDG_DATA_HOME=str(tmp_path))
    assert f"BASE_DIR = PosixPath('{installed}/greenroom/app')" in told.stdout
    assert str(installed) not in re.search(r"^DATA_DIR = .*$", told.stdout, re.M)[0]


def test_what_people_ask_of_a_portal_is_there(installed: Path, tmp_path: Path) -> None:
    told = greenroom(installed, "sites", XDG_CONFIG_HOME=str(tmp_path), HOME=str(tmp_path))
    assert told.returncode != 0
    assert "You are not signed in at a portal" in told.stderr


def test_data_lie_where_the_system_keeps_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert default_data_folder({}) == Path("/var/lib/greenroom")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert default_data_folder({"XDG_DATA_HOME": "/data"}) == Path("/data/greenroom")
    assert default_data_folder({"XDG_DATA_HOME": "data"}) == Path.home() / ".local/share/greenroom"
    assert default_data_folder({}) == Path.home() / ".local/share/greenroom"


def test_it_asks_for_the_libraries_that_the_tests_ran_with(installed: Path) -> None:
    [metadata] = installed.glob("greenroom-*.dist-info/METADATA")
    asked = dict(re.findall(r"^Requires-Dist: ([\w.-]+?)==([^;\s]+)", metadata.read_text(), re.M))
    pinned = dict(re.findall(r"^([\w.-]+)(?:\[[^\]]*\])?==([^;\s\\]+)", (ROOT / "requirements.txt").read_text(), re.M))
    assert len(pinned) > 40
    assert {name: asked.get(name) for name in pinned} == pinned
    assert f"uv_version={asked['uv']}\n" in (ROOT / "greenroom").read_text()


def test_nothing_of_tests_and_workplaces_is_in_it(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.split("/")[2] for name in names if name.startswith("greenroom/app/")}
    assert tops == {
        "client", "examples", "greenroom", "manage.py", "portal", "requirements.txt", "sites", "static", "templates",
        "tools",
    }  # fmt: skip
    assert not [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".log"))]
