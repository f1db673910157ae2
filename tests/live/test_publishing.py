"""Real curl against a real system: content is added bit by bit, and credentials open their own slot only."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sites.management.welcome import administrator
from sites.models import Deployment, HostNameKind, Operation, Slot
from sites.services.swaps import request_swap
from tests.live import archives
from tests.live.stage import stage, using, versions
from tests.live.system import System
from tests.live.system import wait_for as wait_for_it
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

    def begin(self, path: str, *options: str) -> subprocess.Popen[bytes]:
        """A request that is not waited for."""
        line = ["curl", "--silent", "--fail", "--user", self._user, *options, self._address + path]
        return subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

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


def test_a_publication_whose_client_and_servers_are_killed_goes_on_to_its_end(
    system: System, site: StagedSite, tmp_path: Path
) -> None:
    staging = Curl(system, site.staging)
    slow = {"app__py": f"import time\ntime.sleep(2)\n{archives.PROBED.read_text()}", "Procfile": archives.WEB}
    zipped = tmp_path / "site.zip"
    zipped.write_bytes(archives.zipped(VERSION="killed", greenroom__toml="build = 'sleep 2'\n", **slow))

    def has_reached(message: str, *steps: str) -> Callable[[], bool]:
        return lambda: Operation.objects.filter(deployment__message=message, step__in=steps).exists()

    client = staging.begin("/api/zipdeploy?message=zip", "--data-binary", f"@{zipped}")
    wait_for_it(has_reached("zip", "building"), 30, "it is built")
    client.kill()
    client.wait()
    system.wait_for_another("worker-work", system.kill("worker-work"))
    wait_for_it(has_reached("zip", "starting", "warming"), 60, "it is started")
    system.wait_for_another("agent", system.kill("agent"))
    wait_for_it(lambda: versions(system, site)[1] == "killed", 60, "it serves")
    wait_for_it(lambda: not Operation.objects.get(deployment__message="zip").is_open, 60, "it has ended")

    written = tmp_path / "VERSION"
    written.write_text("written")
    client = staging.begin(
        "/api/vfs/site/wwwroot/VERSION?message=vfs", "--upload-file", str(written), "--header", "If-Match: *"
    )
    wait_for_it(has_reached("vfs", "building", "starting"), 30, "it is begun")
    system.wait_for_another("web", system.kill("web"))
    assert client.wait(30) != 0, "nobody says that it succeeded"
    wait_for_it(lambda: versions(system, site)[1] == "written", 60, "it goes on without the server that took it")
    assert list((system.data / "uploads").glob("*")) == []


def test_an_upload_that_is_cut_off_leaves_nothing(system: System, site: StagedSite, tmp_path: Path) -> None:
    large = tmp_path / "large.zip"
    large.write_bytes(archives.zipped(VERSION="large") + bytes(8 << 20))
    before = Deployment.objects.filter(slot=site.staging).count()
    client = Curl(system, site.staging).begin("/api/zipdeploy", "--limit-rate", "1M", "--data-binary", f"@{large}")
    uploads = system.data / "uploads"
    wait_for_it(lambda: any(uploads.glob("*")), 30, "it comes in")
    client.kill()
    client.wait()
    wait_for_it(lambda: not any(uploads.glob("*")), 30, "it is gone")
    assert Deployment.objects.filter(slot=site.staging).count() == before
