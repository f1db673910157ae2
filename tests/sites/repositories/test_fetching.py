"""What git's own programs do when they fetch from a host of repositories, without a sandbox."""

import io
import os
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from sites.disk.use import Use
from sites.repositories import fetching
from sites.repositories.commands import PROGRAMS
from sites.repositories.explaining import explain
from sites.repositories.fetching import Found, Wanted
from sites.repositories.remote import parse
from sites.runtime.spec import RunState, RunStatus
from tests.git_host import GitHost, git_host
from tests.live.git_client import Repository


class Fetches:
    """A repository of ours, published on a host, and fetches of it."""

    def __init__(self, folder: Path, host: GitHost) -> None:
        self.host = host
        self.mine = Repository(folder / "mine")
        self.mine.commit("Version 1", index__html="one")
        subprocess.run(["git", "clone", "--quiet", "--bare", str(folder / "mine"), str(host.folder / "site.git")])
        self.count = 0

    def publish(self, *arguments: str) -> str:
        """Push to the host; returns the newest commit of main."""
        self.mine("push", "--quiet", "--force", str(self.host.folder / "site.git"), *(arguments or ("main",)))
        return self.mine("rev-parse", "main").strip()

    def wanted(self, **values: str) -> Wanted:
        self.count += 1
        base = {"branch": "main", "served_commit": ""}
        return Wanted(f"f{self.count}", 1, "contoso", parse(self.host.url("site")), **{**base, **values})

    def run(self, wanted: Wanted) -> tuple[int, str]:
        """By the program itself, which finds what it would find in the sandbox."""
        fetching.prepare(wanted)
        out = wanted.folder / "out"
        planned = fetching.plan(wanted, ["127.0.0.1"], quota=Use()).env
        environment = {"PATH": os.environ["PATH"], **planned, "OUT": str(out)}
        environment = {
            name: value.replace("/git/hooks", str(PROGRAMS / "hooks")) for name, value in environment.items()
        }
        done = subprocess.run(["sh", str(PROGRAMS / "fetch")], env=environment, capture_output=True, text=True)
        return done.returncode, done.stderr

    def fails(self, **values: str) -> str:
        """Why a fetch failed."""
        wanted = self.wanted(**values)
        code, said = self.run(wanted)
        assert code != 0
        ended = RunStatus("f", RunState.ENDED, code)
        return explain(ended, said.splitlines(), has_credentials=wanted.has_credentials)[0]


@pytest.fixture
def fetches(tmp_path: Path, settings: Settings) -> Iterator[Fetches]:
    settings.GIT_DIR = tmp_path / "git"
    settings.SOURCE_CONTROL_HTTP = True
    (tmp_path / "host").mkdir()
    with git_host(tmp_path / "host") as host:
        yield Fetches(tmp_path, host)


def test_the_newest_commit_is_packed_and_told(fetches: Fetches) -> None:
    commit = fetches.publish()
    wanted = fetches.wanted()
    assert fetches.run(wanted) == (0, "")
    assert fetching.found(wanted) == Found(commit, "Ada", "Version 1")
    content = fetching.take_content(wanted)
    assert content is not None and fetching.take_content(wanted) == content
    assert zipfile.ZipFile(content).read("index.html") == b"one"
    assert not (wanted.folder / "out" / "repository").exists()


def test_what_is_served_already_is_not_fetched_again(fetches: Fetches) -> None:
    wanted = fetches.wanted(served_commit=fetches.publish())
    assert fetches.run(wanted) == (0, "")
    assert fetching.found(wanted) == Found(wanted.served_commit)
    assert fetching.take_content(wanted) is None
    assert not [line for line in fetches.host.asked if "fetch" in line]


def test_a_forced_push_is_fetched_like_any_other(fetches: Fetches) -> None:
    served = fetches.publish()
    fetches.mine("commit", "--quiet", "--amend", "-m", "Another version 1")
    newest = fetches.publish()
    wanted = fetches.wanted(served_commit=served)
    assert fetches.run(wanted)[0] == 0
    assert fetching.found(wanted) == Found(newest, "Ada", "Another version 1")


def test_each_failure_has_its_reason(fetches: Fetches, settings: Settings) -> None:
    assert fetches.fails(branch="release") == "the repository has no such branch"
    fetches.host.credentials = "ada:secret"
    assert fetches.fails() == "it is private, or there is no such repository"
    assert fetches.fails(user="ada", password="wrong") == "the user or the password was refused"
    fetches.host.credentials = ""
    (fetches.host.folder / "site.git").rename(fetches.host.folder / "other.git")
    assert fetches.fails() == "there is no such repository"
    settings.MAX_ENTRIES = 0
    (fetches.host.folder / "other.git").rename(fetches.host.folder / "site.git")
    assert fetches.fails() == "its files are beyond the limits for a web site"


def test_credentials_are_shown_to_the_host_and_stand_in_no_line_of_the_log(fetches: Fetches) -> None:
    fetches.host.credentials = "ada:s%3cret 'x'"
    wanted = fetches.wanted(user="ada", password="s%3cret 'x'")
    assert fetches.run(wanted) == (0, "")
    assert set(fetches.host.shown) == {"ada:s%3cret 'x'"}


def test_no_redirect_is_followed(fetches: Fetches, tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    with git_host(tmp_path / "inside") as inside:
        fetches.host.redirect = f"{inside.url('site')}/info/refs?service=git-upload-pack"
        assert fetches.fails(user="ada", password="secret") == (
            "the server redirects to another address, and no redirect is followed"
        )
        assert inside.asked == []


def test_only_the_addresses_that_were_checked_are_connected_to(fetches: Fetches) -> None:
    """Whatever a name server says by then; this one knows the name not at all."""
    port = fetches.host.server_address[1]
    commit = fetches.publish()
    wanted = fetches.wanted()
    named = Wanted(wanted.key, 1, "contoso", parse(f"http://git.example.invalid:{port}/site.git"), "main", "")
    assert fetches.run(named) == (0, "")
    assert fetching.found(named) == Found(commit, "Ada", "Version 1")


def test_nothing_of_a_hostile_repository_is_run_or_followed(fetches: Fetches, tmp_path: Path) -> None:
    """Attributes with filters and substitutions, a submodule that names a file, hooks and a configuration in it."""
    proof = tmp_path / "proof"
    mine = fetches.mine
    mine.commit(
        "Hostile",
        **{
            ".gitattributes": "* filter=evil export-subst\nsecret export-ignore\n",
            ".gitmodules": f'[submodule "x"]\n\tpath = x\n\turl = file://{tmp_path}/mine\n',
            ".lfsconfig": f"[lfs]\n\turl = file://{proof}\n",
            "hooks/post-checkout": f"#!/bin/sh\ntouch {proof}\n",
            "index__html": "$Format:%H$",
            "secret": "kept",
        },
    )
    mine("update-index", "--add", "--cacheinfo", f"160000,{mine('rev-parse', 'HEAD').strip()},x")
    mine("commit", "--quiet", "-m", "With a submodule\x1b[31m")
    fetches.publish()
    wanted = fetches.wanted()
    code, said = fetches.run(wanted)
    assert code == 0 and 'The submodule "x" is not fetched' in said
    found = fetching.found(wanted)
    assert found is not None and "\x1b" not in found.subject
    archive = zipfile.ZipFile(io.BytesIO(fetching.take_content(wanted).read_bytes()))
    assert archive.read("index.html") == b"$Format:%H$" and archive.read("secret") == b"kept"
    assert not proof.exists()


@pytest.mark.parametrize("branch", ["--upload-pack=touch /tmp/x", "-x"])
def test_a_branch_is_never_an_option(fetches: Fetches, branch: str) -> None:
    fetches.publish()
    assert fetches.fails(branch=branch) == "the repository has no such branch"


def test_a_run_that_lies_is_not_believed(fetches: Fetches) -> None:
    commit = fetches.publish()
    wanted = fetches.wanted()
    fetches.run(wanted)
    out = wanted.folder / "out"
    (out / "commit").write_text("f" * 40 + "\nmain\nAda\nLie\n")
    assert fetching.found(wanted) is None
    (out / "head").unlink()
    (out / "head").symlink_to("/etc/hostname")
    assert fetching.found(wanted) is None
    (out / "content.zip").unlink()
    (out / "content.zip").symlink_to("/etc/hostname")
    assert fetching.take_content(wanted) is None
    assert len(commit) == 40


def test_what_a_fetch_left_is_removed(fetches: Fetches) -> None:
    wanted = fetches.wanted()
    fetches.run(wanted)
    assert fetching.kept() == [wanted.key]
    fetching.remove(wanted.key)
    fetching.remove(wanted.key)
    assert fetching.kept() == []
