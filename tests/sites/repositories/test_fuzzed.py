"""Requests to git's receive-pack, altered at random: a branch moves to what was published, or nothing is left."""

import subprocess
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings

from sites.disk.use import Use
from sites.repositories.commands import PROGRAMS, Service, plan
from sites.repositories.job import Job
from tests.fuzzing import cases, mutated
from tests.live.git_client import Repository
from tests.sites.repositories.server import TOGETHER, Server

CASES = cases(Path(__file__).parent / "corpus")
SECONDS = 60


def request_of(mine: Repository, commit: str) -> bytes:
    """What `git push` sends for a commit: a command, a flush, and the pack (gitprotocol-pack(5))."""
    nothing = "0" * 40
    command = f"{nothing} {commit} refs/heads/main\0 report-status side-band-64k agent=git/2\n".encode()
    pack = subprocess.run(
        ["git", "-C", str(mine.folder), "pack-objects", "--stdout", "--revs", "--quiet"],
        input=f"{commit}\n".encode(),
        capture_output=True,
        check=True,
    ).stdout
    return f"{len(command) + 4:04x}".encode() + command + b"0000" + pack


def send(server: Server, body: bytes) -> str:
    """What git answers to a request; its hook is told that the commit was published."""
    job = Job(server.question(Service.RECEIVE_PACK))
    planned = plan(job.question, job.folder, most=Use(), exclusive=TOGETHER)
    environment = server._environment(planned.env)
    environment |= {"IN": str(job.folder / "in"), "OUT": str(job.folder / "out")}
    ended = threading.Event()
    answering = threading.Thread(target=server._answer, args=(job, ended))
    try:
        job.take_request(body)
        answering.start()
        subprocess.run(
            ["sh", str(PROGRAMS / "serve")], env=environment, capture_output=True, timeout=SECONDS, check=False
        )
        return job.read("answer", 0, 65536).decode("utf-8", "replace")
    finally:
        ended.set()
        answering.join()
        job.close()


def assert_whole(server: Server) -> None:
    """Every branch has been published, and git finds nothing broken and nothing of a push that did not come in."""
    published = {commit for commit, *_ in server.asked}
    assert set(server.branches().values()) <= published
    fsck = subprocess.run(
        ["git", "-C", str(server.repository), "fsck", "--full", "--strict"], capture_output=True, text=True
    )
    assert fsck.returncode == 0, fsck.stderr
    left = [path for path in server.repository.rglob("*") if path.name.startswith(("tmp_", "incoming-"))]
    assert not left + list(server.repository.rglob("*.lock"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_request_that_was_found_once_leaves_the_repository_whole(server: Server, case: Path) -> None:
    send(server, case.read_bytes())
    assert_whole(server)


def test_a_request_that_is_as_it_should_be_moves_the_branch(server: Server, tmp_path: Path) -> None:
    mine = Repository(tmp_path / "mine")
    commit = mine.commit("Version 1", index__html="one")
    assert "unpack ok" in send(server, request_of(mine, commit))
    assert server.branches() == {"refs/heads/main": commit}
    assert_whole(server)


def test_an_altered_request_leaves_the_repository_whole(server: Server) -> None:
    @settings(max_examples=settings().max_examples * 4)
    @given(mutated([case.read_bytes() for case in CASES]))
    def fuzz(body: bytes) -> None:
        send(server, body)
        assert_whole(server)

    fuzz()
