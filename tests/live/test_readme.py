"""README's first steps, as a newcomer takes them: from a clean clone to the first swap."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker

from tests.live.browser import Browser
from tests.live.system import ROOT, System, wait_for

pytestmark = pytest.mark.live

LIMIT_SECONDS = 180


@pytest.fixture
def clone(django_db_blocker: DjangoDbBlocker) -> Iterator[System]:
    """A clean clone with its libraries; downloads do not count."""
    folder = Path(tempfile.mkdtemp(prefix="greenroom-clone-"))
    subprocess.run(["git", "clone", "--quiet", "--depth", "1", ROOT.as_uri(), folder / "it"], check=True)
    system = System(folder / "it/.data", django_db_blocker, program=(str(folder / "it/greenroom"),))
    del system.environment["GREENROOM_DATA"]  # the default folder is part of what is promised
    try:
        assert system.manage("doctor", timeout=600).returncode == 0
        yield system
    finally:
        system.destroy()
        shutil.rmtree(folder, ignore_errors=True)


def test_a_newcomer_swaps_within_three_minutes(clone: System) -> None:
    assert "./greenroom up\n" in (ROOT / "README.md").read_text()
    began = time.monotonic()
    clone.start()
    browser = Browser(clone)
    listed = browser.send(clone.link(), password1="a good long one", password2="a good long one")
    assert "CREATE A SAMPLE WEB SITE" in listed.text.upper()
    browser.send("/new/sample/", page="/sites/")
    wait_for(lambda: versions(clone) == ["1", "2"], 60, "the sample serves version 1 and, in staging, version 2")
    browser.send("/sites/hello/staging/swap/")
    wait_for(lambda: versions(clone) == ["2", "1"], 30, "the versions are swapped")
    assert time.monotonic() - began < LIMIT_SECONDS
    browser.close()
    done = clone.manage("down")
    assert done.returncode == 0 and "up             stopped" in done.stdout and clone.up.wait(5) == 0
    assert clone.manage("down").returncode == 1


def versions(system: System) -> list[str]:
    """What production and staging of the sample say that they are; '' where neither version answers."""
    found = []
    for name in ("hello", "hello-staging"):
        with system.client(name) as client:
            found.append(client.get("/").headers.get("X-Version", ""))
    return found
