"""A login is kept for its owner alone, and the environment comes before it."""

import io
from pathlib import Path

import pytest

from client import login, main
from client.exits import Ended, Exit
from tests.client.conftest import SERVER, InProcess
from tests.domain import Domain
from tests.sites.api.program import program_of


@pytest.fixture
def kept(wire: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GREENROOM_TOKEN")
    monkeypatch.delenv("GREENROOM_SERVER")


def log_in(monkeypatch: pytest.MonkeyPatch, token: str, server: str = SERVER) -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO(token + "\n"))
    return main.run(["login", "--server", server])


def test_a_login_is_tried_and_kept_for_its_owner_alone(
    kept: None, domain: Domain, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    token = program_of(domain.alice, "swap").token
    assert main.run(["sites"]) == Exit.NOT_SIGNED_IN
    assert log_in(monkeypatch, token) == Exit.DONE
    said = capsys.readouterr()
    assert "You act for alice" in said.err and token not in said.err + said.out
    assert oct(login.file().stat().st_mode & 0o777) == "0o600"
    assert oct(login.file().parent.stat().st_mode & 0o777) == "0o700"
    assert main.run(["sites"]) == Exit.DONE
    assert main.run(["logout"]) == Exit.DONE and not login.file().exists()


def test_a_wrong_token_is_not_kept(kept: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert log_in(monkeypatch, "greenroom_wrong") == Exit.NOT_SIGNED_IN
    assert log_in(monkeypatch, "") == Exit.NOT_SIGNED_IN and not login.file().exists()


@pytest.mark.parametrize(
    "server", ["localhost:8080", "ftp://localhost", "http://", "http://a:b@localhost", "http://x?y"]
)
def test_what_is_no_address_is_refused(kept: None, monkeypatch: pytest.MonkeyPatch, server: str) -> None:
    assert log_in(monkeypatch, "x", server) == Exit.REFUSED


def test_a_kept_token_is_sent_to_its_own_portal_only(kept: None, monkeypatch: pytest.MonkeyPatch) -> None:
    login.write(login.Login(SERVER, "greenroom_x"))
    monkeypatch.setenv("GREENROOM_SERVER", "http://another.example")
    with pytest.raises(Ended) as ended:
        login.read()
    assert ended.value.code == Exit.NOT_SIGNED_IN
    monkeypatch.setenv("GREENROOM_TOKEN", "of the environment")
    assert login.read() == login.Login("http://another.example", "of the environment")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"server": 7}', "\x00"])
def test_a_damaged_file_is_no_login(kept: None, text: str) -> None:
    login.file().parent.mkdir(parents=True)
    login.file().write_text(text)
    assert main.run(["sites"]) == Exit.NOT_SIGNED_IN


def test_a_link_in_place_of_the_file_is_not_written_through(kept: None, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("mine")
    login.file().parent.mkdir(parents=True)
    login.file().with_suffix(".new").symlink_to(target)
    login.write(login.Login(SERVER, "greenroom_x"))
    assert target.read_text() == "mine"
