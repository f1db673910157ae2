"""A PostgreSQL server of its own that listens on a unix socket, and on the loopback only if a port is given."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

import psycopg

START_SECONDS = 30.0
STOP_SECONDS = 30.0


class Postgres:
    """One server in a folder of its own, with an empty database; gone with `destroy`."""

    def __init__(self, port: int = 0) -> None:
        self._port = port
        self._folder = Path(tempfile.mkdtemp(prefix="greenroom-pg-"))
        user = _unprivileged()
        if user:
            shutil.chown(self._folder, user)
        self._options = {"user": user, "stdout": subprocess.DEVNULL, "cwd": self._folder}
        command = [_programs() / "initdb", "-D", self._folder / "data", "-E", "UTF8", "-A", "trust", "-U", "greenroom"]
        made = subprocess.run([*command, "--no-sync"], stderr=subprocess.PIPE, **self._options)
        assert made.returncode == 0, made.stderr.decode()
        self.start()
        with self._connect("postgres") as connection:
            connection.execute("CREATE DATABASE greenroom")

    @property
    def url(self) -> str:
        """For DATABASE_URL."""
        return f"postgres://greenroom@{quote(str(self._folder), safe='')}/greenroom"

    def start(self) -> None:
        """Start the server, and return when it answers."""
        command = [_programs() / "postgres", "-D", self._folder / "data", "-k", self._folder]
        command += ["-c", f"listen_addresses={'127.0.0.1' if self._port else ''}", "-F"]
        command += ["-p", str(self._port)] if self._port else []
        with self._log.open("ab") as log:
            self._server = subprocess.Popen(command, stderr=log, **self._options)
        ends_at = time.monotonic() + START_SECONDS
        while True:
            try:
                self._connect("postgres").close()
                return
            except psycopg.OperationalError:
                assert self._server.poll() is None and time.monotonic() < ends_at, self._log.read_text()
                time.sleep(0.05)

    def crash(self) -> None:
        """End the server at once, with every connection, as if its machine had lost its power."""
        self._server.send_signal(signal.SIGQUIT)
        self._server.wait(STOP_SECONDS)

    def cut(self) -> int:
        """End every connection to the database from the server's side; returns how many there were."""
        with self._connect("postgres") as connection:
            query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'greenroom'"
            return len(connection.execute(query).fetchall())

    def destroy(self) -> None:
        """Stop the server and remove its folder."""
        self._server.terminate()
        self._server.wait(STOP_SECONDS)
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _log(self) -> Path:
        return self._folder / "log"

    def _connect(self, database: str) -> psycopg.Connection:
        port = self._port or None
        return psycopg.connect(host=str(self._folder), port=port, user="greenroom", dbname=database, autocommit=True)


def _programs() -> Path:
    """The newest PostgreSQL of the system."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    assert found, "PostgreSQL is missing: apt-get install postgresql"
    return found[-1].parent


def _unprivileged() -> str | None:
    """Whose server it is: PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
