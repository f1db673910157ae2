"""Greenroom on a real PostgreSQL: the rules of the domain, requests at the same moment, and a swap under load."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from tests.live.system import ROOT

pytestmark = pytest.mark.live

START_SECONDS = 30.0
DOMAIN = ("tests/sites/services/test_swaps.py", "tests/sites/jobs/test_advance.py")
SWAPS = (
    "tests/live/test_swap.py::test_swaps_there_and_back_lose_no_request",
    "tests/live/test_swap.py::test_of_many_requests_at_the_same_moment_one_is_taken",
)


def programs() -> Path:
    """The newest PostgreSQL of the system."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    assert found, "PostgreSQL is missing: apt-get install postgresql"
    return found[-1].parent


def unprivileged() -> str | None:
    """Whose server it is: PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@pytest.fixture(scope="module")
def database_url() -> Iterator[str]:
    """A server of its own that listens on a unix socket only."""
    folder = Path(tempfile.mkdtemp(prefix="greenroom-pg-"))
    user = unprivileged()
    if user:
        shutil.chown(folder, user)
    options = {"user": user, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "cwd": folder}
    made = subprocess.run(
        [programs() / "initdb", "-D", folder / "data", "-A", "trust", "-U", "greenroom", "--no-sync", "-E", "UTF8"],
        **options,
    )
    assert made.returncode == 0, made.stderr.decode()
    command = [programs() / "postgres", "-D", folder / "data", "-k", folder, "-c", "listen_addresses=", "-F"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, **{**options, "stderr": log})
    try:
        wait_until_it_answers(server, folder)
        yield f"postgres://greenroom@{quote(str(folder), safe='')}/greenroom"
    finally:
        server.terminate()
        server.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def wait_until_it_answers(server: subprocess.Popen[bytes], folder: Path) -> None:
    """And make the database."""
    ends_at = time.monotonic() + START_SECONDS
    while True:
        try:
            with psycopg.connect(host=str(folder), user="greenroom", dbname="postgres", autocommit=True) as connection:
                connection.execute("CREATE DATABASE greenroom")
                return
        except psycopg.OperationalError:
            assert server.poll() is None and time.monotonic() < ends_at, (folder / "log").read_text()
            time.sleep(0.1)


def run_tests(database_url: str, *tests: str) -> None:
    """Run these tests with that database; fails with what they said."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GREENROOM_", "PYTEST_"))}
    command = [sys.executable, "-m", "pytest", "--show-capture=no", "-p", "no:cacheprovider", *tests]
    environment = {**kept, "DATABASE_URL": database_url}
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert " passed" in done.stdout


def test_the_rules_of_the_domain_hold(database_url: str) -> None:
    run_tests(database_url, *DOMAIN)


def test_swaps_under_load_and_requests_at_the_same_moment(database_url: str) -> None:
    run_tests(database_url, *SWAPS)
