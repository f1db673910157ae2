"""A taken port is noticed before anything starts, and its owner is named."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from sites.errors import PortTaken
from sites.supervisor.ports import Owner, check_port, port_owner


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that this process listens on, in the way that Envoy does."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_free_port_is_accepted() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    check_port(["127.0.0.1", "::1"], port)


def test_a_taken_port_is_refused_with_owner_and_remedy(taken: int) -> None:
    name = Path("/proc/self/comm").read_text().strip()
    with pytest.raises(PortTaken) as caught:
        check_port(["127.0.0.1"], taken)
    assert str(caught.value).startswith(f"Port {taken} is used by {name} (process {os.getpid()}). Nothing was started.")
    assert "./greenroom up --port " in str(caught.value)


def test_the_router_that_is_adopted_may_keep_its_port(taken: int) -> None:
    check_port(["127.0.0.1"], taken, ours={os.getpid()})


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(PortTaken, match=r"cannot listen on 192\.0\.2\.1"):
        check_port(["192.0.2.1"], 8080)


def test_the_owner_is_found_through_the_socket_tables(tmp_path: Path) -> None:
    header = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    listening = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1\n"
    connected = "   1: 0100007F:1F91 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 4243 1\n"
    (tmp_path / "net").mkdir()
    (tmp_path / "net/tcp").write_text(header + listening + connected)
    (tmp_path / "net/tcp6").write_text(header)
    (tmp_path / "812/fd").mkdir(parents=True)
    (tmp_path / "812/comm").write_text("nginx\n")
    (tmp_path / "812/fd/6").symlink_to("socket:[4242]")
    assert port_owner(8080, proc=tmp_path) == Owner(812, "nginx")
    assert str(Owner(812, "nginx")) == "nginx (process 812)"
    assert port_owner(8081, proc=tmp_path) is None


def test_the_owner_is_found_while_it_opens_and_closes_connections(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "net").mkdir()
    (tmp_path / "net/tcp").write_text("head\n 0: 0100007F:1F90 00000000:0000 0A 0:0 0:0 0 0 0 4242 1\n")
    (tmp_path / "812/fd").mkdir(parents=True)
    (tmp_path / "812/comm").write_text("envoy\n")
    (tmp_path / "812/fd/7").symlink_to("socket:[4242]")
    listed = Path.iterdir
    gone = tmp_path / "812/fd/6"
    monkeypatch.setattr(Path, "iterdir", lambda folder: [gone] * (folder.name == "fd") + list(listed(folder)))
    assert port_owner(8080, proc=tmp_path) == Owner(812, "envoy")
