"""Behind nginx and behind Caddy, each with the lines that README gives for it."""

import http.client
import json
import os
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sites.router.table import Cluster
from sites.tls.authority import open_authority
from tests.live.router.backends import free_port
from tests.live.router.rig import PRODUCTION, Rig, eventually

pytestmark = pytest.mark.live
README = Path(__file__).resolve().parents[3] / "README.md"
VISITOR = "127.0.0.2"
"""Another address of this machine than the proxies have."""
NGINX = """\
daemon off;  master_process off;  pid {folder}/nginx.pid;  error_log stderr;
events {{ }}
http {{
    access_log off;
    map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
    client_body_temp_path {folder}/body;  proxy_temp_path {folder}/proxy;  fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;  scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} ssl;  ssl_certificate {folder}/server.pem;  ssl_certificate_key {folder}/server.key;
{lines}
    }}
}}
"""
CADDY = """\
{{
    admin off
    auto_https disable_redirects
    storage file_system {folder}/caddy
}}
{lines}
"""


def lines_of(readme: str, first: str) -> str:
    """The block of README that begins with this line."""
    block = readme[readme.index(f"    {first}") :]
    return block[: block.index("    }\n") + len("    }\n")]


def nginx(folder: Path, port: int, upstream: int) -> list[str]:
    lines = lines_of(README.read_text(), "location / {").replace("127.0.0.1:8080", f"127.0.0.1:{upstream}")
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port, lines=lines))
    return ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]


def caddy(folder: Path, port: int, upstream: int) -> list[str]:
    lines = lines_of(README.read_text(), "greenroom.example.org, contoso.sites.example.org {")
    named = lines.replace("greenroom.example.org, contoso.sites.example.org", f"https://{PRODUCTION}:{port}")
    here = named.replace("127.0.0.1:8080", f"127.0.0.1:{upstream}")
    with_tls = here.replace(" {\n", f" {{\n        tls {folder}/server.pem {folder}/server.key\n", 1)
    (folder / "Caddyfile").write_text(CADDY.format(folder=folder, lines=with_tls))
    return ["caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


@contextmanager
def proxy(command: list[str], folder: Path, port: int) -> Iterator[None]:
    environment = {"PATH": f"{os.environ['PATH']}:/usr/sbin", "HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    with (folder / "proxy.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        eventually(lambda: is_open(port, process, folder))
        yield
    finally:
        process.kill()
        process.wait()


def is_open(port: int, process: "subprocess.Popen[bytes]", folder: Path) -> bool:
    assert process.poll() is None, (folder / "proxy.log").read_text()
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def connect(port: int, root: str) -> http.client.HTTPConnection:
    """By TLS, from the visitor's address, with the certificate checked."""
    context = ssl.create_default_context(cadata=root)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.set_alpn_protocols(["http/1.1"])
    connection = http.client.HTTPConnection(PRODUCTION, port, timeout=30)
    plain = socket.create_connection(("127.0.0.1", port), 30, source_address=(VISITOR, 0))
    connection.sock = context.wrap_socket(plain, server_hostname=PRODUCTION)
    return connection


@pytest.mark.parametrize("command_of", [nginx, caddy])
def test_the_visitor_and_not_the_proxy_is_seen_through_the_lines_of_the_readme(
    rig: Rig, clusters: list[Cluster], tmp_path: Path, command_of: object
) -> None:
    rig.proxies = "127.0.0.1"
    rig.start_xds()
    rig.start_envoy()
    authority = open_authority(tmp_path, encrypt=str, decrypt=str)
    chain, key = authority.issue(PRODUCTION)
    (tmp_path / "server.pem").write_text(chain)
    (tmp_path / "server.key").write_text(key)
    root, port = (tmp_path / "authority.crt").read_text(), free_port()
    with proxy(command_of(tmp_path, port, rig.port), tmp_path, port):  # type: ignore[operator]
        connection = connect(port, root)
        forged = {"X-Forwarded-For": "192.0.2.66", "X-Forwarded-Proto": "http", "X-Real-IP": "192.0.2.66"}
        connection.request("POST", "/a%2Fb?c=d", b"x" * 3_000_000, forged)
        told = json.loads(connection.getresponse().read())
        connection.close()
        seen = told["headers"]
        assert (told["path"], told["body"]) == ("/a%2Fb?c=d", 3_000_000)
        assert (seen["x-forwarded-for"], seen["x-forwarded-proto"]) == (VISITOR, "https")
        assert seen["host"] == f"{PRODUCTION}:{port}"
        assert "x-real-ip" not in seen and "x-forwarded-host" not in seen
        assert answered_by_web_socket(connect(port, root)) == "A:hello"


def answered_by_web_socket(connection: http.client.HTTPConnection) -> str:
    """What a WebSocket says to 'hello' (RFC 6455)."""
    asked = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    connection.request("GET", "/", headers=asked | {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="})
    sock = connection.sock
    stream = sock.makefile("rb")
    assert b"101" in stream.readline()
    while stream.readline().strip():
        pass
    sock.sendall(b"\x81\x85" + bytes(4) + b"hello")
    head = stream.read(2)
    text = stream.read(head[1]).decode()
    stream.close()
    connection.close()
    return text
