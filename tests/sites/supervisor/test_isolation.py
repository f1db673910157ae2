"""`up` never runs sites without a sandbox unless it was told to."""

from pathlib import Path

import pytest
from pytest_django import Settings

from sites.errors import IsolationMissing, SettingRefused
from sites.runtime.agent.isolation import Isolation, Level
from sites.runtime.agent.sandbox import Mode
from sites.supervisor import isolation


def test_a_machine_without_sandbox_is_refused_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Isolation(Level.NONE, Mode.NONE, False, [], ["bubblewrap is not installed"], "apt-get install x", False)
    monkeypatch.setattr(isolation, "probe", lambda wanted, **_: found)
    with pytest.raises(IsolationMissing) as caught:
        isolation.choose_isolation("")
    assert str(caught.value) == (
        "This machine gives no sandbox for the sites (bubblewrap is not installed). Nothing was started. "
        "apt-get install x. To run the sites without a sandbox: ./greenroom up --isolation none"
    )


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(SettingRefused, match="'weak' is not a level of isolation"):
        isolation.choose_isolation("weak")


def test_the_lines_say_what_is_there_and_what_is_missing() -> None:
    found = Isolation(Level.PARTIAL, Mode.USER, False, ["own view"], ["one user"], "Start it as root")
    assert isolation.isolation_lines(found) == [
        "Isolation of the sites: partial",
        "  has      own view",
        "  misses   one user",
        "  remedy   Start it as root",
    ]


@pytest.fixture
def root_without_a_sandbox(monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path) -> Path:
    """Everything lies in folders that everybody may enter; returns the one above them."""
    found = Isolation(Level.NONE, Mode.NONE, False, [], [], "", True)
    monkeypatch.setattr(isolation, "probe", lambda wanted, **_: found)
    monkeypatch.setattr(isolation.os, "geteuid", lambda: 0)
    above = tmp_path / "above"
    for name in ("code", "venv", "python", "data"):
        (above / name).mkdir(parents=True)
    for folder in (above, *above.parents):
        if not folder.stat().st_mode & 1:
            folder.chmod(0o711)
    settings.BASE_DIR, settings.DATA_DIR = above / "code", above / "data"
    monkeypatch.setattr(isolation.sys, "prefix", str(above / "venv"))
    monkeypatch.setattr(isolation.sys, "base_prefix", str(above / "python"))
    return above


def test_without_a_sandbox_root_can_run_sites_where_everybody_may_enter(root_without_a_sandbox: Path) -> None:
    (root_without_a_sandbox / "data").chmod(0o700)  # whether sites pass through it is up to Greenroom
    assert isolation.choose_isolation("none").level is Level.NONE


@pytest.mark.parametrize(
    ("closed", "named"),
    [(".", "Greenroom"), ("code", "Greenroom"), ("venv", "its libraries"), ("python", "its Python")],
)
def test_without_a_sandbox_a_closed_folder_is_named_before_any_site_fails(
    root_without_a_sandbox: Path, closed: str, named: str
) -> None:
    folder = root_without_a_sandbox / closed
    folder.chmod(0o700)
    with pytest.raises(SettingRefused, match=rf"may enter {folder}, where {named} lies .*Nothing was started"):
        isolation.choose_isolation("none")


def test_an_ordinary_user_runs_sites_as_that_user(
    root_without_a_sandbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root_without_a_sandbox.chmod(0o700)
    monkeypatch.setattr(isolation.os, "geteuid", lambda: 1000)
    assert isolation.choose_isolation("none").level is Level.NONE
