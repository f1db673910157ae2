"""On which addresses the processes of a sandbox listen."""

import os
import socket
import subprocess
import sys

import pytest

from sites.runtime.agent.listeners import listening

LISTENS = (
    "import socket, sys; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); input()"
)


@pytest.mark.parametrize(("address", "shown"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "0.0.0.0")])  # noqa: S104
def test_a_listening_socket_is_found_by_its_address_and_port(address: str, shown: str) -> None:
    with socket.create_server((address, 0)) as server:
        assert f"{shown}:{server.getsockname()[1]}" in listening(os.getpid())
        with socket.socket() as closed:
            closed.bind((address, 0))
            assert f"{shown}:{closed.getsockname()[1]}" not in listening(os.getpid())


def test_an_address_of_ipv6_stands_in_brackets() -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        assert f"[::1]:{server.getsockname()[1]}" in listening(os.getpid())


def test_sockets_of_children_count_and_those_of_others_do_not() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as own,
        subprocess.Popen([sys.executable, "-c", LISTENS], stdin=-1, stdout=-1, text=True) as child,
    ):
        port = child.stdout.readline().strip()
        assert f"127.0.0.1:{port}" in listening(os.getpid())
        assert listening(child.pid) == [f"127.0.0.1:{port}"]
        assert f"127.0.0.1:{own.getsockname()[1]}" not in listening(child.pid)
        child.communicate("\n")


def test_a_process_that_is_gone_listens_nowhere() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        child.wait()
    assert listening(child.pid) == []
