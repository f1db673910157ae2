"""nginx of the Debian package in front of the same instances: switched by a new configuration and a reload."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.demo.installation import free_port

START_SECONDS = 10.0
CONFIGURATION = """
{user}
daemon off;
worker_processes auto;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header Connection "";
{blocks}
}}
"""
BLOCK = """
    upstream u{number} {{ {servers} keepalive 16; }}
    server {{ listen 127.0.0.1:{port}; server_name {host}; location / {{ proxy_pass http://u{number}; }} }}
"""

Place = tuple[str, int]


class NotAvailable(Exception):
    """A program to compare with is not installed, and could not be fetched."""


def program(folder: Path, name: str = "nginx", libraries: Sequence[str] = ()) -> str:
    """The program that is installed; else, for root, the one of Debian's package, unpacked and not installed.

    So no service of the system comes into being. `libraries` are packages that it needs beside. Raises NotAvailable.
    """
    if found := shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin"):
        return found
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise NotAvailable(f"{name} is missing. Install it (apt-get install {name}), then measure again.")
    unpacked = folder / "package"
    unpacked.mkdir(parents=True)
    try:
        _run(["apt-get", "update"], folder)
        _run(["apt-get", "-o", "APT::Sandbox::User=root", "download", name, *libraries], folder)
        for package in folder.glob("*.deb"):
            _run(["dpkg-deb", "--extract", str(package), str(unpacked)], folder)
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotAvailable(f"{name} is missing and could not be fetched: {error}") from error
    return str(unpacked / "usr/sbin" / name)


def _run(command: list[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True, stdin=subprocess.DEVNULL)


class Nginx:
    """One nginx on a port of its own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._program = program(folder)
        self._path = folder / "nginx.conf"
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    @property
    def version(self) -> str:
        """As it says itself."""
        told = subprocess.run([self._program, "-v"], capture_output=True, text=True, check=True).stderr
        return told.strip().rpartition("/")[2]

    def start(self, routes: Mapping[str, Sequence[Place]]) -> None:
        """Serve these host names. Raises NotAvailable with the reason."""
        self._write(routes)
        with (self._folder / "output.log").open("wb") as output:
            self._process = subprocess.Popen(
                [self._program, "-e", str(self._folder / "error.log"), "-c", str(self._path)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        ends_at = time.monotonic() + START_SECONDS
        while not (self._folder / "nginx.pid").exists():
            if self._process.poll() is not None or time.monotonic() > ends_at:
                raise NotAvailable(f"nginx did not start: {(self._folder / 'output.log').read_text()[-500:]}")
            time.sleep(0.05)

    def switch(self, routes: Mapping[str, Sequence[Place]]) -> None:
        """Serve other places from now on, as its manual says: a new configuration, then SIGHUP."""
        self._write(routes)
        if self._process is not None:
            self._process.send_signal(signal.SIGHUP)

    def stop(self) -> None:
        """End it at once."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(START_SECONDS)

    def _write(self, routes: Mapping[str, Sequence[Place]]) -> None:
        blocks = "".join(
            BLOCK.format(
                number=number,
                host=host,
                port=self.port,
                servers=" ".join(f"server {address}:{port};" for address, port in places),
            )
            for number, (host, places) in enumerate(sorted(routes.items()))
        )
        user = "user root;" if os.geteuid() == 0 else ""
        temporary = self._path.with_suffix(".new")
        temporary.write_text(CONFIGURATION.format(folder=self._folder, blocks=blocks, user=user))
        temporary.replace(self._path)
