"""Real git against a real system: what a push publishes, shows and refuses, and what survives a kill."""

import json
import os
import shlex
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from django.test import override_settings

from sites.management.welcome import administrator
from sites.models import Deployment, OneOffCommand
from sites.planning import build_log, command_log
from sites.runtime.process import ProcessRuntime
from sites.services import one_off_commands
from sites.services.swaps import request_swap
from tests.live import archives
from tests.live.git_client import NOBODYS, Repository, git_address
from tests.live.stage import stage, using, versions
from tests.live.system import System
from tests.live.system import wait_for as wait_until
from tools.demo.operations import wait_for
from tools.demo.staged_site import StagedSite
from tools.escape.attempt import Aim
from tools.escape.laying import PROBE, lay
from tools.escape.probe import Verdict, read_report

pytestmark = pytest.mark.live

ATTEMPTED = [
    "Greenroom's secret.key",
    "Greenroom's db.sqlite3",
    "a signal to the agent",
    "a user other than the sites",
    "call mount",
    "processes of greenroom in the list",
    "services on the hosts loopback",
    "the host's /etc/shadow",
    "the sockets of greenrooms parts",
]
LACKING = "greenroom-package-that-does-not-exist==1.0\n"


@pytest.fixture
def site(system: System) -> Iterator[StagedSite]:
    with using(system):
        yield stage(system, "pushed", instances=1, is_marked=False)


@pytest.fixture
def mine(system: System, site: StagedSite, tmp_path: Path) -> Repository:
    """A repository with the remotes staging and production; one commit, not pushed yet."""
    mine = Repository(tmp_path / "mine")
    mine.commit("Version A", app__py=archives.PROBED.read_text(), VERSION="A", Procfile=archives.WEB)
    mine("remote", "add", "staging", git_address(site.staging, system.port))
    mine("remote", "add", "production", git_address(site.production, system.port))
    return mine


def shown(mine: Repository, remote: str) -> str:
    """The commit of the branch that a slot shows; empty without one."""
    return mine("ls-remote", remote, "refs/heads/main").partition("\t")[0]


def test_pushes_follow_what_the_slots_serve(system: System, site: StagedSite, mine: Repository, tmp_path: Path) -> None:
    first = shown_locally(mine)
    said = mine("push", "staging", "main")
    for line in (
        f"remote: Commit {first[:10]} of 'main' is being published to 'pushed (staging)'.",
        "remote: Procfile: python3 app.py",
        f"remote: Published to http://pushed-staging.localhost:{system.port}/",
        "main -> main",
    ):
        assert line in said
    assert versions(system, site) == ("1", "A")

    mine.commit("Broken", requirements__txt=LACKING)
    said = mine("push", "staging", "main", wants=1)
    assert "remote: ==> uv pip install" in said
    assert "remote: The build of 'Broken' failed at line 1 of requirements.txt" in said
    assert "[remote rejected] main -> main (pre-receive hook declined)" in said
    assert shown(mine, "staging") == first, "a push that fails moves nothing"
    assert versions(system, site) == ("1", "A")

    mine("reset", "--quiet", "--hard", first)
    second = mine.commit("Version B", VERSION="B")
    mine("push", "production", "main")
    addresses = [git_address(slot, system.port) for slot in (site.production, site.staging)]
    wait_for(request_swap(acting_user=administrator(), source=site.staging, target=site.production))
    assert versions(system, site) == ("A", "B")
    assert (shown(mine, "production"), shown(mine, "staging")) == (first, second)
    for slot, address in zip((site.production, site.staging), addresses, strict=True):
        slot.refresh_from_db()
        assert git_address(slot, system.port) == address, "the address stays with the slot"

    mine.commit("Version C", VERSION="C")
    mine("push", "staging", "main")
    mine("push", "production", f"{second}:refs/heads/main")
    assert versions(system, site) == ("B", "C"), "the next commit fits without force, and a former version is deployed"
    builds = Deployment.objects.filter(commit=second).values_list("content_digest", flat=True)
    assert len(builds) == 2 and len(set(builds)) == 1

    mine("clone", "--quiet", "--depth=1", git_address(site.staging, system.port), str(tmp_path / "shallow"))
    shallow = Repository(tmp_path / "shallow", is_new=False)
    shallow.commit("Version D", VERSION="D")
    shallow("push", "origin", "main")
    assert versions(system, site)[1] == "D"


def shown_locally(mine: Repository) -> str:
    return mine("rev-parse", "main").strip()


def test_a_repository_opens_to_its_own_slot_only_and_to_no_other_name(
    system: System, site: StagedSite, mine: Repository
) -> None:
    own = git_address(site.production, system.port)
    wrong = own.replace(site.production.publishing_password, site.staging.publishing_password)
    assert "Authentication failed" in mine("push", wrong, "main", wants=128)
    for name in ("other.git", "..%2fpushed.git", "pushed.git.git", "%2e%2e/%2e%2e/git/repositories/1.git"):
        assert "not found" in mine("push", own.replace("pushed.git", name), "main", wants=128)


def test_nothing_gets_out_of_what_a_push_releases_or_a_one_off_command_runs(
    system: System, site: StagedSite, mine: Repository
) -> None:
    """A few attempts of each kind; tests/live/test_escape.py has all of them, by the agent alone."""
    places = {"AGENT_SOCKET": system.run_dir / "agent.sock", "LOG_DIR": system.data / "logs"}
    with override_settings(**places), closing(socket.create_server(("127.0.0.1", 0))) as listener:
        aim = Aim(
            mode=str(ProcessRuntime().status()["mode"]),
            kind="release",
            data=str(system.data),
            sockets=[str(path) for path in system.run_dir.glob("*.sock")],
            agent_pid=system.pid("agent"),
            folder="",
            loopback_port=listener.getsockname()[1],
            host_port=listener.getsockname()[1],
        )
        lay(mine.folder)
        line = shlex.join([*PROBE, json.dumps(aim.as_dict()), json.dumps(ATTEMPTED)])
        mine.commit("Attempts", Procfile=f"{archives.WEB}\nrelease: sh attempts.sh\n", attempts__sh=line)
        mine("push", "--force", "staging", "main")
        released = build_log(Deployment.objects.filter(message="Attempts").latest("pk")).read_text()
        command = one_off_commands.run(acting_user=administrator(), slot=site.staging, line="sh attempts.sh")
        wait_until(lambda: not OneOffCommand.objects.get(pk=command.pk).is_open, 120, "the command has ended")
        for text in (released, command_log(command.run_id).read_text()):
            (found,) = (row for row in text.splitlines() if row.startswith("[{"))
            findings = read_report(found)
            assert [str(one) for one in findings if one.verdict is not Verdict.HELD] == []
            assert {one.name for one in findings} == set(ATTEMPTED)
        assert OneOffCommand.objects.get(pk=command.pk).exit_code == 0


def test_a_push_whose_client_or_server_is_killed_leaves_nothing_half_done(
    system: System, site: StagedSite, mine: Repository
) -> None:
    wait_start = "import time\ntime.sleep(6)\n" + archives.PROBED.read_text()
    mine.commit("Slow", app__py=wait_start, VERSION="S")
    jobs = system.data / "git" / "jobs"

    def pushing() -> subprocess.Popen[bytes]:
        line = ["git", "-C", str(mine.folder), "push", "--force", "staging", "main"]
        return subprocess.Popen(
            line, env={"PATH": os.environ["PATH"], **NOBODYS}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    client = pushing()
    wait_until(lambda: Deployment.objects.filter(message="Slow", slot=site.staging).exists(), 30, "it is published")
    client.kill()
    client.wait()
    wait_until(lambda: versions(system, site)[1] == "S", 60, "the publication goes on without its client")
    wait_until(lambda: not any(jobs.iterdir()), 30, "nothing is left of the push")
    assert shown(mine, "staging") == shown_locally(mine)

    mine.commit("Slow again", VERSION="T")
    client = pushing()
    wait_until(lambda: Deployment.objects.filter(message="Slow again").exists(), 30, "it is published")
    os.kill(system.pid("web"), signal.SIGKILL)
    assert client.wait(60) != 0, "nobody says that it succeeded"
    wait_until(lambda: versions(system, site)[1] == "T", 60, "the publication goes on without the server of the push")
    mine.commit("Version U", app__py=archives.PROBED.read_text(), VERSION="U")
    wait_until(lambda: mine.run(("push", "staging", "main")).returncode == 0, 60, "the next push succeeds")
    assert versions(system, site)[1] == "U"

    def is_swept() -> bool:
        """The next requests remove what a dead server has left, once it is not young any more."""
        return bool(shown(mine, "staging")) and not any(jobs.iterdir())

    wait_until(is_swept, 30, "nothing is left of the push", interval=1.0)
