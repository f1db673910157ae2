"""Real curl against a real system: content is added bit by bit, and credentials open their own slot only."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sites.management.welcome import administrator
from sites.models import HostNameKind, Slot
from sites.services.swaps import request_swap
from tests.live import archives
from tests.live.stage import stage, using, versions
from tests.live.system import System
from tools.demo.operations import wait_for
from tools.demo.staged_site import StagedSite

pytestmark = pytest.mark.live


@pytest.fixture
def site(system: System) -> Iterator[StagedSite]:
    with using(system):
        yield stage(system, "uploaded", instances=1, is_marked=False)


class Curl:
    """curl with the credentials of a slot."""

    def __init__(self, system: System, slot: Slot) -> None:
        self._address = f"http://{slot.host_names.get(kind=HostNameKind.PUBLISHING).name}:{system.port}"
        self._user = f"{slot.publishing_user}:{slot.publishing_password}"

    def __call__(self, path: str, *options: str, body: bytes = b"", of: "Curl | None" = None) -> tuple[int, str]:
        """Status and answer, with the credentials of `of` instead of the slot's own."""
        line = ["curl", "--silent", "--show-error", "--user", (of or self)._user, "--write-out", "\n%{http_code}"]
        done = subprocess.run(
            [*line, *options, self._address + path], input=body, capture_output=True, timeout=120, check=True
        )
        text, _, status = done.stdout.decode().rpartition("\n")
        return int(status), text


def test_content_is_added_and_updated_bit_by_bit(system: System, site: StagedSite, tmp_path: Path) -> None:
    staging = Curl(system, site.staging)
    written = tmp_path / "VERSION"
    written.write_text("file")
    vfs = "/api/vfs/site/wwwroot"
    assert staging(f"{vfs}/VERSION", "--upload-file", str(written))[0] == 412, "it is there, and nobody has looked"
    status, _ = staging(f"{vfs}/VERSION", "--upload-file", str(written), "--header", "If-Match: *")
    assert (status, versions(system, site)) == (204, ("1", "file"))
    chunked = archives.zipped(VERSION="stream", more__txt="more")
    status, _ = staging("/api/zip/site/wwwroot/", "--request", "PUT", "--upload-file", "-", body=chunked)
    assert (status, versions(system, site)) == (200, ("1", "stream"))
    names = {one["name"] for one in json.loads(staging(f"{vfs}/")[1])}
    assert {"app.py", "Procfile", "VERSION", "more.txt"} <= names
    before = json.loads(staging("/api/deployments")[1])[1]["id"]
    status, _ = staging(f"/api/deployments/{before}", "--request", "PUT", "--data", "")
    assert (status, versions(system, site)) == (200, ("1", "file")), "a former one is published again"


def test_credentials_open_their_own_slot_before_and_after_a_swap(system: System, site: StagedSite) -> None:
    slots = (site.production, site.staging)
    addresses = [Curl(system, slot) for slot in slots]
    for _ in range(2):
        for slot, own, other in zip(slots, addresses, reversed(addresses), strict=True):
            slot.refresh_from_db()
            assert own._user == f"{slot.publishing_user}:{slot.publishing_password}"
            assert own("/api/settings")[0] == 200
            assert other("/api/settings", of=own)[0] == 401
        wait_for(request_swap(acting_user=administrator(), source=site.staging, target=site.production))
