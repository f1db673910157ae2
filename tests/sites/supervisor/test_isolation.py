"""`up` never runs sites without a sandbox unless it was told to."""

import pytest

from sites.errors import IsolationMissing, SettingRefused
from sites.runtime.agent.isolation import Isolation, Level
from sites.runtime.agent.sandbox import Mode
from sites.supervisor import isolation


def test_a_machine_without_sandbox_is_refused_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Isolation(Level.NONE, Mode.NONE, False, [], ["bubblewrap is not installed"], "apt-get install x", False)
    monkeypatch.setattr(isolation, "probe", lambda wanted, name_servers: found)
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
