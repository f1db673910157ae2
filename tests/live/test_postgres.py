"""The system on a real PostgreSQL: requests at the same moment, and swaps under load."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.live.postgres import Postgres
from tests.live.system import ROOT

pytestmark = pytest.mark.live

SWAPS = (
    "tests/live/test_swap.py::test_swaps_there_and_back_lose_no_request",
    "tests/live/test_swap.py::test_of_many_requests_at_the_same_moment_one_is_taken",
    "tests/live/test_swap.py::test_of_two_administrators_who_press_swap_at_once_one_is_told_whose_swap_goes_on",
)


@pytest.fixture(scope="module")
def database_url() -> Iterator[str]:
    """Of a server of its own."""
    server = Postgres()
    try:
        yield server.url
    finally:
        server.destroy()


def run_tests(database_url: str, *tests: str) -> None:
    """Run these tests with that database; fails with what they said."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GREENROOM_", "PYTEST_"))}
    command = [sys.executable, "-m", "pytest", "--show-capture=no", "-p", "no:cacheprovider", *tests]
    environment = {**kept, "DATABASE_URL": database_url}
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert " passed" in done.stdout


def test_swaps_under_load_and_requests_at_the_same_moment(database_url: str) -> None:
    run_tests(database_url, *SWAPS)
