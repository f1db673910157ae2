"""The level of isolation is what was tried, never what was hoped."""

import os

import pytest

from sites.runtime.agent import isolation
from sites.runtime.agent.isolation import Isolation, Level, probe
from sites.runtime.agent.sandbox import Mode


def look(
    wanted: str = "auto",
    *,
    absent: tuple[str, ...] = (),
    sandbox: str = "",
    layer: str = "",
    network: str = "",
    firewall: str = "",
    name_server: str = "192.0.2.53",
) -> Isolation:
    return probe(
        wanted,
        name_servers=[name_server],
        has_tool=lambda tool: tool not in absent,
        try_sandbox=lambda mode: sandbox,
        try_layer=lambda mode, folder: layer,
        try_network=lambda: network,
        try_firewall=lambda: firewall,
    )


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)


@pytest.fixture
def user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)


@pytest.mark.usefixtures("root")
def test_root_with_everything_is_strong() -> None:
    found = look()
    assert (found.level, found.mode, found.has_own_network, found.is_usable) == (Level.STRONG, Mode.ROOT, True, True)
    assert found.missing == []


@pytest.mark.usefixtures("root")
def test_where_nothing_can_be_laid_over_a_content_it_is_said_with_the_remedy() -> None:
    found = look(layer="overlay: No such device")
    assert (found.level, found.is_usable) == (Level.STRONG, True)
    assert found.missing == [found.no_layer]
    assert found.no_layer == "applications cannot write beside their code on this machine (overlay: No such device)"
    assert "kernel" in found.remedy
    assert look().no_layer == ""


@pytest.mark.usefixtures("user")
def test_without_a_sandbox_nothing_is_written_beside_the_code() -> None:
    assert look("none").no_layer in look("none").missing


@pytest.mark.usefixtures("root")
def test_without_network_namespaces_it_is_partial() -> None:
    found = look(network="not permitted")
    assert (found.level, found.mode, found.has_own_network) == (Level.PARTIAL, Mode.ROOT, False)
    assert not look("strong", network="not permitted").is_usable


@pytest.mark.usefixtures("root")
def test_without_a_firewall_it_is_partial_and_nothing_has_a_network_of_its_own() -> None:
    found = look(firewall="line 3: Operation not supported\nfib saddr . iif oif missing drop")
    assert (found.level, found.has_own_network) == (Level.PARTIAL, False)
    assert found.missing[0] == "nft cannot load the rules that keep networks apart: line 3: Operation not supported"
    assert "each other" in found.missing[1]
    assert "nft_fib_inet" in found.remedy
    assert look(absent=("nft",)).remedy == "apt-get install -y nftables"


@pytest.mark.usefixtures("root")
def test_a_name_server_on_the_hosts_loopback_is_named_with_the_remedy() -> None:
    found = look(name_server="127.0.0.1")
    assert found.level is Level.STRONG
    assert found.missing == ["sites and builds cannot look up names: they do not reach this machine's own 127.0.0.1"]
    assert found.remedy.startswith("Set GREENROOM_NAME_SERVERS to ")


@pytest.mark.usefixtures("user")
def test_a_user_gets_partial_and_learns_what_is_missing() -> None:
    found = look()
    assert (found.level, found.mode, found.is_usable) == (Level.PARTIAL, Mode.USER, True)
    assert "all sites run as one user" in found.missing
    assert not look("strong").is_usable


@pytest.mark.usefixtures("user")
def test_a_missing_bubblewrap_is_to_be_installed() -> None:
    found = look(absent=("bwrap",))
    assert (found.level, found.is_usable) == (Level.NONE, False)
    assert found.remedy == "As root: apt-get install -y bubblewrap"


@pytest.mark.usefixtures("user")
def test_ubuntus_restriction_has_its_own_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: isolation.Path) -> None:
    switch = tmp_path / "apparmor"
    switch.write_text("1\n")
    monkeypatch.setattr(isolation, "APPARMOR_SWITCH", switch)
    found = look(sandbox="setting up uid map: Permission denied")
    assert not found.is_usable
    assert "bwrap-userns-restrict" in found.remedy
    switch.write_text("0\n")
    monkeypatch.setattr(isolation, "USERNS_SWITCH", switch)
    assert "unprivileged_userns_clone=1" in look(sandbox="No permissions").remedy


@pytest.mark.usefixtures("root")
def test_none_is_never_chosen_by_itself() -> None:
    found = look(sandbox="not allowed")
    assert (found.level, found.is_usable) == (Level.NONE, False)
    assert any("not allowed" in item for item in found.missing)
    assert look("none").is_usable


def test_without_a_sandbox_it_is_tried_whether_rights_can_be_given_up() -> None:
    found = look("none", sandbox="Seccomp 0")
    assert not found.is_usable
    assert "a site's process cannot give up its rights: Seccomp 0" in found.missing
    assert "CONFIG_SECCOMP_FILTER" in found.remedy
