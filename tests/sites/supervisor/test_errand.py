"""Commands that `up` has run: what they write, how they end, and that nothing of it stays behind."""

import asyncio
from pathlib import Path

import pytest
from pytest_django import Settings

from sites.supervisor.errand import Outcome, run_errand

MANAGE = """
import sys, time
print("for", *sys.argv[1:])
print("a secret", file=sys.stderr)
if "wait" in sys.argv:
    time.sleep(60)
sys.exit(4)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Settings) -> Path:
    """An installation whose commands say what they were asked; it has no fork server."""
    (tmp_path / "manage.py").write_text(MANAGE)
    settings.BASE_DIR, settings.LOG_DIR, settings.FORK_SOCKET = tmp_path, tmp_path, tmp_path / "nobody.sock"
    return tmp_path


def test_its_lines_and_its_exit_code_are_told_and_kept_nowhere(folder: Path) -> None:
    assert asyncio.run(run_errand("welcome", "--now")) == Outcome(4, ["for welcome --now", "a secret"])
    assert [path.name for path in folder.iterdir()] == ["manage.py"]


def test_a_cancellation_ends_it() -> None:
    async def cancel() -> None:
        async with asyncio.timeout(1):
            await run_errand("welcome", "wait")

    with pytest.raises(TimeoutError):
        asyncio.run(cancel())
