"""The command that makes Greenroom a service, with a systemctl that writes down what it is told."""

import os
import pwd
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.management import call_command

from sites.management.commands import service

SYSTEMCTL = """#!/bin/sh
echo "$@" >> "$SAID"
case "$2" in
show) cat "$SHOWN" ;;
start) [ ! -e "$FAILS" ] || { echo 'Job for greenroom.service failed' >&2; exit 1; } ;;
esac
"""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home on a machine with systemd, as an ordinary user."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("systemctl", "loginctl"):
        (programs / name).write_text(SYSTEMCTL)
        (programs / name).chmod(0o755)
    for name in ("said", "shown"):
        (tmp_path / name).touch()
        monkeypatch.setenv(name.upper(), str(tmp_path / name))
    monkeypatch.setenv("FAILS", str(tmp_path / "fails"))
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(pwd, "getpwuid", lambda _: SimpleNamespace(pw_dir=str(tmp_path)))
    monkeypatch.setattr(service, "RUNNING", tmp_path)
    return tmp_path


def _unit(home: Path) -> Path:
    return home / ".config/systemd/user/greenroom.service"


def _said(home: Path) -> list[str]:
    return [line for line in (home / "said").read_text().splitlines() if " show " not in line]


def test_it_is_written_enabled_and_started(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("service", "install")
    assert "/greenroom up --data" in _unit(machine).read_text()
    assert _said(machine) == [
        "--user daemon-reload",
        "enable-linger",
        "--user enable --quiet greenroom",
        "--user start greenroom",
    ]
    assert "starts with this machine" in capsys.readouterr().out


def test_a_service_that_runs_goes_on_until_its_next_start(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (machine / "shown").write_text("ActiveState=active\n")
    call_command("service", "install")
    assert "--user start greenroom" not in _said(machine)
    assert "systemctl --user restart greenroom" in capsys.readouterr().out


def test_a_dry_run_shows_everything_and_does_nothing(
    machine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(service, "RUNNING", machine / "nowhere")
    for what in ("install", "remove"):
        call_command("service", what, "--dry-run")
    told = capsys.readouterr().out
    assert "ExecStart=" in told
    assert "Would run: systemctl --user start greenroom" in told
    assert "The data folder stays" in told
    assert not _unit(machine).exists()
    assert _said(machine) == []


def test_it_is_removed_and_nothing_else(machine: Path) -> None:
    call_command("service", "install")
    (machine / "said").write_text("")
    call_command("service", "remove")
    assert not _unit(machine).exists()
    assert _said(machine) == ["--user disable --quiet --now greenroom", "--user daemon-reload"]


@pytest.mark.parametrize("what", ["install", "remove"])
def test_a_unit_of_somebody_else_is_left_alone(machine: Path, what: str, capsys: pytest.CaptureFixture[str]) -> None:
    _unit(machine).parent.mkdir(parents=True)
    _unit(machine).write_text("[Service]\n")
    with pytest.raises(SystemExit):
        call_command("service", what)
    assert "was not written by this command. Nothing was changed." in capsys.readouterr().err
    assert _unit(machine).read_text() == "[Service]\n"


def test_without_systemd_it_is_refused_in_a_sentence(
    machine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(service, "RUNNING", machine / "nowhere")
    with pytest.raises(SystemExit) as ended:
        call_command("service", "install")
    assert ended.value.code == 1
    assert "was not started by systemd. Nothing was changed. Start './greenroom up'" in capsys.readouterr().err


def test_a_start_that_fails_is_told_with_what_to_look_at(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (machine / "fails").touch()
    with pytest.raises(SystemExit):
        call_command("service", "install")
    assert "failed: Job for greenroom.service failed. See journalctl" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("shown", "code", "sentence"),
    [
        ("LoadState=not-found\n", 4, "./greenroom service install"),
        ("LoadState=loaded\nUnitFileState=enabled\nActiveState=failed\nSubState=failed\n", 3, "journalctl --user"),
        (
            "LoadState=loaded\nUnitFileState=enabled\nActiveState=active\nSubState=running\nNRestarts=2\nMainPID=7\n"
            "ActiveEnterTimestamp=Sat\n",
            0,
            "active (running), starts with the machine.\nProcess 7 since Sat, started again 2 times.",
        ),
    ],
)
def test_the_status_says_whether_it_runs(
    machine: Path, shown: str, code: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (machine / "shown").write_text(shown)
    if code:
        with pytest.raises(SystemExit) as ended:
            call_command("service", "status")
        assert ended.value.code == code
    else:
        call_command("service", "status")
    assert sentence in capsys.readouterr().out
