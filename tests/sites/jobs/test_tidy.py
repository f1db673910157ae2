"""Only what nothing names any more is removed."""

import os
import shutil
import time
from pathlib import Path

import pytest
from django.conf import LazySettings

from sites.content import store
from sites.jobs import tidy
from sites.services.settings import Entry
from tests.contents import unpack_zip
from tests.domain import Domain


@pytest.fixture(autouse=True)
def _own_store(settings: LazySettings, tmp_path: Path) -> None:
    settings.CONTENT_DIR = tmp_path / "content"
    settings.GIT_DIR = tmp_path / "git"
    settings.BUILD_DIR = tmp_path / "builds"


def test_contents_of_deployments_stay_and_others_go_after_an_hour(domain: Domain, settings: LazySettings) -> None:
    production, _staging = domain.staged()
    unnamed = unpack_zip(domain.archive("nobody published this"))
    two_hours_ago = time.time() - 7200
    for folder in settings.CONTENT_DIR.iterdir():
        os.utime(folder, (two_hours_ago, two_hours_ago))
    tidy.run()
    assert not store_has(unnamed.digest)
    for slot in production.site.slots.all():
        assert store_has(slot.workload.active_deployment.content_digest)
        shutil.copytree(slot.live_revision.runnable["app"], domain.folder / slot.name)


def store_has(digest: str) -> bool:
    try:
        return store.path_of(digest).is_dir()
    except FileNotFoundError:
        return False


def test_interpreters_that_a_deployment_needs_stay_and_others_go_after_an_hour(
    domain: Domain, settings: LazySettings, tmp_path: Path
) -> None:
    settings.TOOL_DIR = tmp_path / "tools"
    names = ("cpython-3.12.8", "node-22.1.0", "cpython-3.13.0", "cpython-3.14.0.tmp", "young")
    for name in names:
        (settings.TOOL_DIR / name).mkdir(parents=True)
        if name != "young":
            os.utime(settings.TOOL_DIR / name, (0, 0))
    slot = domain.create().slots.get()
    deployment = domain.publish(slot, "one").deployment
    deployment.traits = {"tools": [str(settings.TOOL_DIR / "cpython-3.12.8"), "/opt/python3.13"]}
    deployment.save()
    domain.save(slot, Entry("COLOUR", "blue"))
    tidy.run()
    assert {path.name for path in settings.TOOL_DIR.iterdir()} == {"cpython-3.12.8", "young"}
    os.utime(settings.TOOL_DIR / "cpython-3.12.8", (0, 0))
    deployment.delete()
    tidy.run()
    assert "cpython-3.12.8" in {path.name for path in settings.TOOL_DIR.iterdir()}, "an instance runs with it"


def test_web_server_logs_go_with_their_slot(domain: Domain, settings: LazySettings, tmp_path: Path) -> None:
    settings.LOG_DIR = tmp_path
    production, _ = domain.staged()
    folder = tmp_path / "requests"
    folder.mkdir()
    for name in (str(production.pk), f"{production.pk}.1", "999999", "999999.1"):
        (folder / name).write_text("a line\n")
    tidy.run()
    assert {path.name for path in folder.iterdir()} == {str(production.pk), f"{production.pk}.1"}
