"""Deployment from source control against a real system: git's own HTTP server, signed webhooks, and SYNC."""

import hashlib
import hmac
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.test import override_settings

from sites.management.welcome import administrator
from sites.models import Operation, Slot, SourceControl
from sites.services import source_control
from sites.services.publisher import Publisher
from tests.live.git_client import Repository
from tests.live.git_outside import git_outside
from tests.live.stage import stage, using
from tests.live.system import System
from tests.live.system import wait_for as wait_until
from tools.demo.operations import OperationFailed, wait_for
from tools.demo.staged_site import StagedSite

pytestmark = pytest.mark.live


class Hosted:
    """A repository of ours on a host elsewhere, and the staging slot that is deployed from it."""

    def __init__(self, system: System, site: StagedSite, folder: Path, authority: str) -> None:
        self.system, self.site = system, site
        self.mine = Repository(folder / "mine")
        self.bare = folder / "host" / "site.git"
        self.url = f"http://{authority}/site.git"
        self.mine.commit("Fetched 1", index__html="fetched 1")
        subprocess.run(["git", "clone", "--quiet", "--bare", str(folder / "mine"), str(self.bare)], check=True)

    def push(self, message: str, **files: str) -> str:
        commit = self.mine.commit(message, **files)
        self.mine("push", "--quiet", str(self.bare), "main")
        return commit

    def hook(self, secret: str, branch: str = "main") -> tuple[int, dict[str, str]]:
        """As GitHub tells of a push."""
        body = json.dumps({"ref": f"refs/heads/{branch}"}).encode()
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"X-GitHub-Event": "push", "X-Hub-Signature-256": f"sha256={signature}"}
        with self.system.client(f"{self.site.name}-staging.scm") as client:
            answer = client.post("/deploy", content=body, headers=headers)
        return answer.status_code, answer.json()

    def told(self, secret: str) -> Operation:
        """The operation of a webhook that is accepted, when it has ended well."""
        status, answer = self.hook(secret)
        assert status == 202, answer
        return wait_for(Operation.objects.get(public_id=answer["operation"]), limit_seconds=60)

    def serves(self) -> str:
        with self.system.client(f"{self.site.name}-staging") as client:
            return client.get("/").text


@pytest.fixture
def hosted(make_system: Callable[..., System], tmp_path: Path) -> Iterator[Hosted]:
    (tmp_path / "host").mkdir()
    with git_outside(tmp_path / "host") as authority:
        system = make_system(SOURCE_CONTROL_HTTP="1", SOURCE_CONTROL_HOSTS=authority)
        system.start()
        key = system.data / "secret.key"
        with override_settings(KEY_FILE=key, SOURCE_CONTROL_HTTP=True), using(system):
            yield Hosted(system, stage(system, "sourced", instances=1, is_marked=False), tmp_path, authority)


def test_what_is_pushed_elsewhere_is_served_when_a_signed_webhook_or_a_person_asks(hosted: Hosted) -> None:
    staging = hosted.site.staging
    connected = source_control.connect(
        acting_user=administrator(), slot=staging, provider="gitea", url=hosted.url, branch="main"
    )
    wait_for(connected, limit_seconds=60)
    assert hosted.serves() == "fetched 1"

    secret = str(SourceControl.objects.get(slot=staging).webhook_secret)
    second = hosted.push("Fetched 2", index__html="fetched 2")
    assert hosted.hook("wrong")[0] == 401
    assert hosted.hook(secret, "other")[0] == 200
    assert hosted.serves() == "fetched 1"
    hosted.told(secret)
    assert hosted.serves() == "fetched 2"
    active = Slot.objects.get(pk=staging.pk).current_workload.active_deployment
    assert (active.commit, active.message, active.author, active.deployer) == (second, "Fetched 2", "Ada", "Gitea")

    hosted.push("Broken", greenroom__toml='build = ["echo it breaks; exit 7"]\noutput = "."\n')
    with pytest.raises(OperationFailed, match="The build of 'Broken' failed"):
        hosted.told(secret)
    (hosted.mine.folder / "greenroom.toml").unlink()
    (hosted.mine.folder / "secrets").symlink_to("/etc/passwd")
    hosted.push("Hostile")
    with pytest.raises(OperationFailed, match="secrets"):
        hosted.told(secret)
    assert hosted.serves() == "fetched 2", "what fails leaves the slot as it was"

    (hosted.mine.folder / "secrets").unlink()
    hosted.push("Fetched 3", index__html="fetched 3")
    wait_for(source_control.sync(publisher=Publisher("admin", administrator()), slot=staging), limit_seconds=60)
    assert hosted.serves() == "fetched 3"
    fetches = hosted.system.data / "git" / "fetches"
    wait_until(lambda: not any(fetches.iterdir()), 60, "nothing is left of what was fetched")

    hosted.bare.rename(hosted.bare.with_name("moved.git"))
    with pytest.raises(OperationFailed, match="there is no such repository"):
        hosted.told(secret)
    assert hosted.serves() == "fetched 3"
