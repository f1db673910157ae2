"""A backup of a running installation, restored on what stands for another machine: its sites serve as before."""

import os
import re
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from sites.backups.upload import PART_BYTES
from sites.management.welcome import administrator
from sites.services.custom_sites import Beginning, create_custom_site
from sites.services.subscriptions import ensure_default
from tests.live.stage import using
from tests.live.system import System, wait_for
from tests.store import BUCKET, FakeStore, running_store
from tools.demo import operations

pytestmark = pytest.mark.live

HOSTS = ("reborn", "reborn-staging")


def test_an_empty_data_folder_takes_a_backup_and_serves(make_system: Callable[..., System], tmp_path: Path) -> None:
    with running_store() as store:
        place = f"s3://{BUCKET}/greenroom"
        former = make_system(**store.environment, BACKUP_STORE=place)
        other = make_system(**store.environment)
        former.start()
        with using(former):
            user = administrator()
            begun = create_custom_site(
                acting_user=user,
                subscription=ensure_default(owner=user),
                name="reborn",
                mode="standard",
                instance_count=1,
                beginning=Beginning.SAMPLE,
                has_staging=True,
            )
            operations.wait_for(begun)
        wait_for(
            lambda: f"Backups           {place}/" in former.manage("status").stdout, 120, "one was made on schedule"
        )
        (on_schedule,) = store.keys()
        kill_in_the_middle(former, store, place)
        assert store.keys() == [on_schedule], "half a backup is none"
        made = former.manage("backup", str(tmp_path))
        assert made.returncode == 0, made.stderr
        (in_folder,) = tmp_path.iterdir()
        sent = former.manage("backup", place)
        assert sent.returncode == 0, sent.stderr
        (key,) = set(store.keys()) - {on_schedule}
        assert store.uploads() == [], "what the killed one had sent is taken away"
        seen = [said(former, host) for host in HOSTS]
        assert former.interrupt() == 0
        assert store.secret_key not in "".join(log.read_text() for log in (former.data / "logs").glob("*.log"))

        refused = other.manage("restore", str(in_folder))
        assert refused.returncode == 1
        assert "there is no key file at" in refused.stderr
        shutil.copy(former.data / "secret.key", other.data / "secret.key")
        restored = other.manage("restore", f"s3://{BUCKET}/{key}")
        assert restored.returncode == 0, restored.stderr
    assert "has a database already" in other.manage("restore", str(in_folder)).stderr
    other.start()
    wait_for(lambda: [said(other, host) for host in HOSTS] == seen, 120, "both slots serve what they served")
    assert seen == ["Version 1", "Version 2"]


def kill_in_the_middle(system: System, store: FakeStore, place: str) -> None:
    """kill -9 of a backup of which the store has one part, and of which more is to come."""
    large = system.data / "mounts" / "0" / "large"
    large.parent.mkdir(parents=True)
    large.write_bytes(os.urandom(PART_BYTES * 3 // 2))
    backup = system.begin("backup", place)
    try:
        wait_for(store.parts, 120, "the first part is in the store")
        assert backup.poll() is None
    finally:
        os.killpg(backup.pid, signal.SIGKILL)
        backup.wait()
        shutil.rmtree(large.parent)


def said(system: System, host: str) -> str:
    """What a visitor reads there."""
    with system.client(host) as visitor:
        found = re.search(r"Version \d", visitor.get("/").text)
    return found[0] if found else ""
