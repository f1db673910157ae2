"""Which run of Envoy has counted is read from who answers."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from pytest_django import Settings

from sites.errors import RouterUnreachable
from sites.router.envoy import EnvoyRouter

ENVOY = """
import socket, sys
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen()
print(flush=True)
while True:
    connection, _ = server.accept()
    connection.recv(4096)
    body = b"vhost.contoso.localhost.route.s7.upstream_rq_200: 3\\n"
    connection.sendall(b"HTTP/1.1 200 OK\\r\\nConnection: close\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body) + body)
    connection.close()
"""


def _ask_twice(path: Path) -> str:
    """Start one, ask it twice, end it. Returns how it was called, which must be the same both times."""
    path.unlink(missing_ok=True)
    command = [sys.executable, "-S", "-c", ENVOY, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as envoy, closing(envoy.stdout):
        try:
            envoy.stdout.readline()
            first, second = EnvoyRouter().statistics(), EnvoyRouter().statistics()
        finally:
            envoy.kill()
    assert first == second
    assert first.codes == {7: {"200": 3}}
    return first.process


def test_every_start_of_envoy_counts_for_itself(tmp_path: Path, settings: Settings) -> None:
    settings.ENVOY_ADMIN_SOCKET = tmp_path / "admin.sock"
    names = [_ask_twice(settings.ENVOY_ADMIN_SOCKET) for _ in range(2)]
    assert names[0] != names[1]
    with pytest.raises(RouterUnreachable):
        EnvoyRouter().statistics()
