"""One site is slow and nobody else: fifty sites that never answer keep no swap, publication or tick waiting."""

import zipfile
from pathlib import Path

import pytest
from django.conf import settings
from django.test import override_settings

from sites.management.welcome import administrator
from sites.models import Operation, OperationState, PeriodicJob, Site, SlotHold, Step
from sites.services.custom_sites import Beginning, create_custom_site
from sites.services.operations import cancel
from sites.services.subscriptions import ensure_default
from tests.live import archives
from tests.live.instances import has_no_orphans
from tests.live.stage import stage, using, versions
from tests.live.system import System, wait_for
from tools.demo.operations import wait_for as wait_until_done

pytestmark = pytest.mark.live

CROWD = 50
SILENT = """
import os, socket, time
listener = socket.socket()
listener.bind((os.environ["HOST"], int(os.environ["PORT"])))
listener.listen(100)
time.sleep(1e6)
"""
"""Accepts connections, by the kernel's doing, and never answers."""


def silent_archive(folder: Path) -> Path:
    """A program that is small and starts fast."""
    path = folder / "silent.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Procfile", "web: exec python3 -S silent.py")
        archive.writestr("silent.py", SILENT)
    return path


def create_silent(number: int, archive: Path) -> Operation:
    user = administrator()
    return create_custom_site(
        acting_user=user,
        subscription=ensure_default(owner=user),
        name=f"silent{number}",
        mode="free",
        instance_count=1,
        beginning=Beginning.UPLOAD,
        archive=archive,
    )


def crowd() -> list[Operation]:
    """The open operations of the sites that do not answer."""
    return list(Operation.objects.filter(target__startswith="silent", state__in=Operation.OPEN))


def test_while_fifty_sites_do_not_answer_everybody_else_is_served(system: System, tmp_path: Path) -> None:
    with using(system), override_settings(UPLOAD_DIR=system.data / settings.UPLOAD_DIR.relative_to(settings.DATA_DIR)):
        site = stage(system, "busy", instances=1, is_marked=False)
        archive = silent_archive(tmp_path)
        begun = [create_silent(number, archive) for number in range(CROWD)]
        waiting = Operation.objects.filter(pk__in=[one.pk for one in begun], step=Step.WARMING)
        wait_for(lambda: waiting.count() == CROWD, 240, "all of them are being warmed up")
        assert waiting.filter(claimed_by="").count() > CROWD - 5, "hardly any has a worker"

        seen = PeriodicJob.objects.get(name="retire").due_at
        before = versions(system, site)
        for _ in range(3):
            site.swap()
        assert versions(system, site) == (before[1], before[0])
        published = site.publish(site.staging, archives.probed("3"), "version-3")
        wait_until_done(published, limit_seconds=60)
        ticked = PeriodicJob.objects.get(name="retire")
        assert ticked.due_at > seen, "what is repeated goes on"
        assert waiting.count() == CROWD

        for operation in crowd():
            cancel(acting_user=operation.actor, operation=operation)
        wait_for(lambda: not crowd(), 60, "all were cancelled")
        assert {Operation.objects.get(pk=one.pk).state for one in begun} == {OperationState.CANCELLED}
        assert not Site.objects.filter(name__startswith="silent").exists()
        assert not SlotHold.objects.exists()
        wait_for(lambda: has_no_orphans(system), 60, "the silent ones have ended")
