"""manage.py ends without a traceback when its reader goes away, and says in a sentence what it cannot start with."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from client.main import greenroom
from portal.remote import EITHER, REMOTE, is_remote

ROOT = Path(__file__).resolve().parent.parent.parent


def run(*arguments: str, data: Path, pipe: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("GREENROOM_", "DJANGO_"))}
    line = f'set -o pipefail; "$@" {pipe}'
    return subprocess.run(
        ["bash", "-c", line, "bash", sys.executable, str(ROOT / "manage.py"), *arguments],
        env=inherited | {"GREENROOM_DATA": str(data)} | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("command", ["messages", "doctor", "key", "help"])
def test_a_reader_that_goes_away_leaves_no_traceback(tmp_path: Path, command: str) -> None:
    done = run(command, data=tmp_path / "data", pipe="| true")
    assert "Traceback" not in done.stderr and "BrokenPipe" not in done.stderr
    assert done.returncode in (0, 141)


def test_a_long_output_ends_as_other_programs_do(tmp_path: Path) -> None:
    done = run("messages", data=tmp_path / "data", pipe="| head -n 1", PYTHONUNBUFFERED="1")
    assert (done.stderr, done.stdout) == ("", "# Messages\n")


@pytest.mark.parametrize("command", ["status", "password", "up", "doctor", "migrate"])
def test_a_folder_that_cannot_be_taken_is_said_in_a_sentence(tmp_path: Path, command: str) -> None:
    (tmp_path / "photo.jpg").touch()
    tmp_path.chmod(0o755)
    done = run(command, data=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith(f"{tmp_path} cannot be the data folder: it holds other things")
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


@pytest.mark.parametrize("command", ["status", "password", "up", "key"])
def test_wrong_settings_are_said_in_a_sentence(tmp_path: Path, command: str) -> None:
    done = run(command, data=tmp_path / "data", GREENROOM_SUFFIX="Example.org")
    assert done.returncode == 1
    assert "'Example.org' in GREENROOM_SUFFIX is not a host name in lower case. Use labels" in done.stderr
    assert "SystemCheckError" not in done.stderr and "Traceback" not in done.stderr


def test_a_command_that_is_not_there_leads_to_those_that_are(tmp_path: Path) -> None:
    done = run("swop", data=tmp_path / "data")
    assert done.returncode == 1 and done.stderr.startswith("Unknown command: 'swop'")
    assert "Type 'greenroom help' for usage." in done.stderr


def test_a_number_that_is_none_is_said_in_a_sentence(tmp_path: Path) -> None:
    done = run("status", data=tmp_path / "data", GREENROOM_PORT="http")
    assert (done.returncode, done.stderr) == (1, "GREENROOM_PORT must be a whole number, not 'http'.\n")


def test_a_lost_key_is_said_in_a_sentence(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert run("key", data=data).returncode == 0
    (data / "secret.key").unlink()
    (data / "db.sqlite3").touch()
    done = run("status", data=data)
    assert done.returncode == 1 and done.stderr.startswith(f"The key file {data}/secret.key is missing")


def test_what_a_command_writes_belongs_to_its_owner_alone(tmp_path: Path) -> None:
    assert run("migrate", "--verbosity", "0", data=tmp_path / "data").returncode == 0
    open_to_others = [path for path in (tmp_path / "data").rglob("*") if path.stat().st_mode & 0o077]
    assert (tmp_path / "data" / "db.sqlite3").exists() and not open_to_others


@pytest.mark.parametrize(
    ("arguments", "is_theirs"),
    [
        (["swap", "contoso"], True),
        (["login"], True),
        (["status", "contoso"], True),
        (["status", "--json", "contoso"], True),
        (["status"], False),
        (["restart"], False),
        (["up"], False),
        ([], False),
    ],
    ids=str,
)
def test_commands_of_a_web_site_are_the_remote_clients(arguments: list[str], is_theirs: bool) -> None:
    assert is_remote(arguments, is_installed=True) == is_theirs


@pytest.mark.parametrize("command", ["logs", "run"])
def test_what_both_have_asks_the_portal_only_where_nothing_is_installed(command: str) -> None:
    assert is_remote([command, "contoso"], is_installed=False)
    assert not is_remote([command, "contoso"], is_installed=True)


def test_the_remote_client_leaves_the_data_folder_alone(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GREENROOM_DATA": str(tmp_path / "data")}
    done = subprocess.run(
        [sys.executable, ROOT / "manage.py", "sites"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 7 and "greenroom login" in done.stderr
    assert not (tmp_path / "data").exists()


def test_every_remote_command_is_known_to_the_start_script() -> None:
    assert {*greenroom.commands} - {"status"} == REMOTE | EITHER


def test_a_restore_that_lacks_the_keys_is_refused_and_leaves_nothing_behind(tmp_path: Path) -> None:
    done = run("restore", "s3://backups/greenroom/today", data=tmp_path / "data")
    key_file = tmp_path / "data" / "secret.key"
    assert (done.returncode, done.stderr) == (
        1,
        f"The backup cannot be used: a store holds encrypted backups, and there is no key file at {key_file}. Nothing "
        f"was changed. Put the copy of the key file to {key_file}, then restore again.\n",
    )
    assert not (tmp_path / "data").exists()


def test_help_has_no_options_of_django(tmp_path: Path) -> None:
    said = run("restart", "--help", data=tmp_path / "data").stdout
    assert said.startswith("usage: greenroom restart [-h] [--data DIR]\n")
    assert "manage.py" not in said and "Django" not in said
