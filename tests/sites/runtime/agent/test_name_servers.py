"""Sandboxes ask name servers that they reach; what they do not reach is named."""

from pathlib import Path

import pytest

from sites.runtime.agent import name_servers
from sites.runtime.agent.name_servers import find_name_servers, is_reached, resolver_file, write_resolver


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The machine's resolv.conf."""
    path = tmp_path / "resolv.conf"
    monkeypatch.setattr(name_servers, "RESOLVER", path)
    monkeypatch.setattr(name_servers, "SYSTEMD_RESOLVER", tmp_path / "systemd")
    return path


def test_what_a_sandbox_does_not_reach_is_left_out(resolver: Path, tmp_path: Path) -> None:
    resolver.write_text(
        "# by hand\nsearch example.org\nnameserver 127.0.0.1\nnameserver 192.0.2.53\n"
        "nameserver 2001:db8::53\noptions edns0\n"
    )
    found = find_name_servers()
    assert (found.reached, found.others) == (("192.0.2.53",), ("127.0.0.1", "2001:db8::53"))
    assert found.complaint == ""
    written = write_resolver(tmp_path / "accounts", found)
    assert written.read_text() == "search example.org\noptions edns0\nnameserver 192.0.2.53\n"
    assert written.stat().st_mode & 0o777 == 0o644
    assert list(written.parent.iterdir()) == [written]


def test_a_machine_that_asks_itself_is_complained_of(resolver: Path) -> None:
    resolver.write_text("nameserver 127.0.0.1\n")
    assert find_name_servers().complaint.endswith("they do not reach this machine's own 127.0.0.1")
    assert find_name_servers(["192.0.2.53"]).complaint == ""
    assert find_name_servers(["192.0.2.53"]).reached == ("192.0.2.53",)


def test_a_machine_without_name_servers_is_complained_of(resolver: Path) -> None:
    assert "names no name server" in find_name_servers().complaint


def test_the_stub_of_systemd_is_replaced_by_the_real_servers(resolver: Path, tmp_path: Path) -> None:
    resolver.write_text("nameserver 127.0.0.53\n")
    assert resolver_file() == resolver
    (tmp_path / "systemd").write_text("nameserver 192.0.2.53\n")
    assert find_name_servers().reached == ("192.0.2.53",)
    resolver.write_text("nameserver 192.0.2.1\n")
    assert find_name_servers().reached == ("192.0.2.1",)


@pytest.mark.parametrize(
    ("address", "expected"),
    [("10.0.0.2", True), ("127.0.0.53", False), ("0.0.0.0", False), ("::1", False), ("fe80::1%eth0", False)],  # noqa: S104
)
def test_only_ipv4_beyond_the_loopback_is_reached(address: str, expected: bool) -> None:
    assert is_reached(address) is expected
