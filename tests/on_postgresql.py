"""The fast tests that use the database, once more on PostgreSQL: python -m tests.on_postgresql [pytest arguments]."""

import os
import signal
import subprocess
import sys

from tests.live.postgres import Postgres

SELECTION = ("-m", "not live", "--database-only", "--numprocesses", "2")


def run(arguments: list[str]) -> int:
    """Start a server, run the tests on it, and remove it; returns what pytest returned."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server goes too
    server = Postgres()
    try:
        environment = {**os.environ, "DATABASE_URL": server.url}
        return subprocess.run([sys.executable, "-m", "pytest", *SELECTION, *arguments], env=environment).returncode
    finally:
        server.destroy()


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
