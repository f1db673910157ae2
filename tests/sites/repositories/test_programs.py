"""What git's own programs do with our hook and configuration, without a sandbox and with a real git as the client."""

import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from sites.disk.use import Use
from sites.repositories.commands import MAX_REFS, PROGRAMS, Exclusive, Question, Service, plan
from sites.repositories.job import Job
from tests.live.git_client import Repository

TOGETHER = Exclusive(is_synced=False, is_cleaned=False)


class Server:
    """A slot's repository, which git reaches as a folder; Greenroom's side of the hook is played here."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        settings.GIT_DIR = folder / "git"
        self.repository = folder / "repository"
        self.repository.mkdir()
        self.folder = folder
        self.is_published = True
        self.asked: list[tuple[str, str, str, str]] = []
        self.told: list[str] = []
        self.serve(Service.RECEIVE_PACK_REFS)

    def question(self, service: Service, **values: object) -> Question:
        return Question(service, 1, 7, "contoso", ("main", "master"), **values)

    def serve(
        self, service: Service, *, exclusive: Exclusive = TOGETHER, **values: object
    ) -> subprocess.CompletedProcess:
        """One request by the program itself."""
        out = self.folder / "out"
        out.mkdir(exist_ok=True)
        planned = plan(self.question(service, **values), out, most=Use(), exclusive=exclusive)
        environment = self._environment(planned.env)
        environment["OUT"] = str(out)
        done = subprocess.run(["sh", str(PROGRAMS / "serve")], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done

    def environment(self, service: Service) -> dict[str, str]:
        """What a program finds there."""
        return self._environment(plan(self.question(service), self.folder, most=Use(), exclusive=TOGETHER).env)

    def push(self, mine: Repository, *arguments: str) -> subprocess.CompletedProcess:
        """As `git push` over HTTP would come to the hook; the verdict is given as soon as it is asked for."""
        job = Job(self.question(Service.RECEIVE_PACK))
        environment = self._environment(plan(job.question, job.folder, most=Use(), exclusive=TOGETHER).env)
        environment |= {"IN": str(job.folder / "in"), "OUT": str(job.folder / "out")}
        ended = threading.Event()
        answering = threading.Thread(target=self._answer, args=(job, ended))
        answering.start()
        variables = " ".join(f"'{name}={value}'" for name, value in environment.items())
        try:
            return mine.run(("push", f"--receive-pack=env -i {variables} git receive-pack", *arguments))
        finally:
            ended.set()
            answering.join()
            job.close()

    def branches(self) -> dict[str, str]:
        """What the slot shows."""
        listed = subprocess.run(
            ["git", "-C", str(self.repository), "for-each-ref", "--format=%(refname) %(objectname)"],
            capture_output=True,
            text=True,
        ).stdout.split()
        return dict(
            zip((name.removeprefix("refs/namespaces/slot-7/") for name in listed[::2]), listed[1::2], strict=True)
        )

    def _environment(self, planned: dict[str, str]) -> dict[str, str]:
        hooks = {name: value.replace("/git/hooks", str(PROGRAMS / "hooks")) for name, value in planned.items()}
        return {"PATH": os.environ["PATH"], **hooks, "REPOSITORY": str(self.repository)}

    def _answer(self, job: Job, ended: threading.Event) -> None:
        while not ended.wait(0.01):
            if job.has_asked:
                self.asked.append(job.asked())
                assert job.take_content() is not None
                assert not job.tell(["told %s \\n"])
                assert job.decide(is_published=self.is_published)
                return


@pytest.fixture
def server(tmp_path: Path, settings: Settings, fake_runtime: None) -> Server:
    return Server(tmp_path, settings)


@pytest.fixture
def mine(server: Server, tmp_path: Path) -> Repository:
    """One commit, not pushed yet."""
    mine = Repository(tmp_path / "mine")
    mine.commit("Version 1", index__html="one")
    mine("remote", "add", "slot", str(server.repository))
    return mine


def test_a_push_asks_tells_and_moves_the_branch(server: Server, mine: Repository) -> None:
    done = server.push(mine, "slot", "main")
    assert done.returncode == 0, done.stdout
    assert "remote: told %s \\n" in done.stdout
    commit = mine("rev-parse", "main").strip()
    assert server.asked == [(commit, "main", "Ada", "Version 1")]
    assert server.branches() == {"refs/heads/main": commit}


def test_what_is_not_published_moves_nothing(server: Server, mine: Repository) -> None:
    server.is_published = False
    done = server.push(mine, "slot", "main")
    assert done.returncode == 1
    assert "pre-receive hook declined" in done.stdout
    assert server.branches() == {}


def test_other_branches_and_tags_are_stored_and_not_deployed(server: Server, mine: Repository) -> None:
    mine("tag", "v1")
    done = server.push(mine, "slot", "main:feature", "v1")
    assert done.returncode == 0, done.stdout
    assert "'feature' is stored and not deployed. This slot deploys: main master" in done.stdout
    assert set(server.branches()) == {"refs/heads/feature", "refs/tags/v1"}
    assert not server.asked
    assert server.push(mine, "slot", ":feature").returncode == 0
    assert set(server.branches()) == {"refs/tags/v1"}


@pytest.mark.parametrize(
    ("refs", "sentence"),
    [
        (("main", "main:master"), "'main' and 'master' are both deployed here. Nothing was changed; push one of them."),
        (("main:refs/notes/x",), "'refs/notes/x' is neither a branch nor a tag."),
    ],
)
def test_what_cannot_be_deployed_is_refused_whole(
    server: Server, mine: Repository, refs: tuple[str, ...], sentence: str
) -> None:
    done = server.push(mine, "slot", *refs)
    assert done.returncode == 1
    assert sentence in done.stdout
    assert server.branches() == {}


def test_the_branch_that_is_deployed_is_not_deleted(server: Server, mine: Repository) -> None:
    server.push(mine, "slot", "main")
    done = server.push(mine, "slot", ":main")
    assert done.returncode == 1
    assert "'main' is the branch that this slot deploys, so it cannot be deleted." in done.stdout
    assert "refs/heads/main" in server.branches()


def test_a_former_version_needs_force_and_then_is_deployed(server: Server, mine: Repository) -> None:
    mine.commit("Version 2", index__html="two")
    server.push(mine, "slot", "main")
    assert "non-fast-forward" in server.push(mine, "slot", "main~1:main").stdout
    assert server.push(mine, "slot", "+main~1:main").returncode == 0
    assert [subject for *_, subject in server.asked] == ["Version 2", "Version 1"]


def test_a_shallow_clone_may_push(server: Server, mine: Repository, tmp_path: Path) -> None:
    mine.commit("Version 2", index__html="two")
    mine("clone", "--quiet", "--depth=1", f"file://{mine.folder}", str(tmp_path / "shallow"))
    shallow = Repository(tmp_path / "shallow", is_new=False)
    done = server.push(shallow, str(server.repository), "main")
    assert done.returncode == 0, done.stdout


def test_a_branch_that_moved_meanwhile_is_not_published_over(server: Server, mine: Repository) -> None:
    server.push(mine, "slot", "main")
    environment = server.environment(Service.RECEIVE_PACK)
    moved = f"{'1' * 40} {mine('rev-parse', 'main').strip()} refs/heads/main\n"
    for line in (moved, moved.replace("1" * 40, "0" * 40)):
        done = subprocess.run(
            [str(PROGRAMS / "hooks" / "pre-receive")],
            env=environment | {"GIT_DIR": str(server.repository)},
            input=line,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 1
        assert done.stderr == "'main' was moved by another push or a swap meanwhile. Fetch it, then push again.\n"


def test_what_is_not_fetched_is_named(server: Server, mine: Repository) -> None:
    commit = mine("rev-parse", "HEAD").strip()
    mine("update-index", "--add", "--cacheinfo", f"160000,{commit},lib")
    (mine.folder / ".gitattributes").write_text("*.bin filter=lfs\n")
    (mine.folder / "large.bin").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    mine("add", ".gitattributes", "large.bin")
    mine("commit", "--quiet", "-m", "Version 2")
    done = server.push(mine, "slot", "main")
    assert done.returncode == 0, done.stdout
    assert 'The submodule "lib" is not fetched, so its folder is empty.' in done.stdout
    assert "'large.bin' is a pointer of Git LFS, not the file itself" in done.stdout


def test_the_whole_commit_is_deployed_whatever_its_attributes_say(server: Server, mine: Repository) -> None:
    mine.commit("Version 2", __gitattributes="index.html export-ignore\n")
    server.push(mine, "slot", "main")
    names = subprocess.run(["git", "-C", str(server.repository), "archive", "refs/namespaces/slot-7/refs/heads/main"],
                           capture_output=True).stdout  # fmt: skip
    assert b"index.html" in names


Make = Callable[[Repository], str]


def commit_of(mine: Repository, *entries: tuple[str, str, str]) -> str:
    """A commit whose tree has exactly these entries, which no git would write by itself."""
    return mine("commit-tree", tree_of(mine, *entries), "-m", "Hostile").strip()


def tree_of(mine: Repository, *entries: tuple[str, str, str]) -> str:
    data = b"".join(f"{mode} {name}".encode() + b"\0" + bytes.fromhex(found) for mode, name, found in entries)
    return subprocess.run(
        ["git", "-C", str(mine.folder), "hash-object", "-t", "tree", "--literally", "-w", "--stdin"],
        input=data,
        capture_output=True,
        check=True,
    ).stdout.decode().strip()  # fmt: skip


@pytest.mark.parametrize("name", [".git", ".GIT", "git~1", "..", ".", "a/b"])
def test_a_tree_that_could_leave_its_folder_is_refused_by_git(server: Server, mine: Repository, name: str) -> None:
    blob = mine("hash-object", "-w", "index.html").strip()
    done = server.push(mine, "slot", f"{commit_of(mine, ('100644', name, blob))}:refs/heads/main")
    assert done.returncode == 1
    assert "fsck error in packed object" in done.stdout
    assert not server.asked
    assert server.branches() == {}


def test_a_tree_that_names_itself_many_times_over_ends_early(
    server: Server, mine: Repository, settings: Settings
) -> None:
    settings.MAX_ENTRIES = 1000
    blob = mine("hash-object", "-w", "index.html").strip()
    tree = tree_of(mine, *(("100644", f"f{number}", blob) for number in range(10)))
    for _ in range(9):
        tree = tree_of(mine, *(("40000", f"d{number}", tree) for number in range(10)))
    bomb = mine("commit-tree", tree, "-m", "Ten thousand million files").strip()
    done = server.push(mine, "slot", f"{bomb}:refs/heads/main")
    assert done.returncode == 1
    assert "The commit holds more than 1000 files, the limit of this installation." in done.stdout
    assert not server.asked


def test_a_commit_beyond_the_limit_is_not_packed(server: Server, mine: Repository, settings: Settings) -> None:
    settings.MAX_UNPACKED = 1000
    mine.commit("Large", large__txt="x" * 2000)
    done = server.push(mine, "slot", "main")
    assert "The commit holds more than 1000 bytes, the limit of this installation." in done.stdout
    assert server.branches() == {}


def test_the_number_of_branches_and_tags_is_bounded(server: Server, mine: Repository) -> None:
    commit = mine("rev-parse", "HEAD").strip()
    for number in range(MAX_REFS + 1):
        (mine.folder / ".git" / "refs" / "tags" / f"t{number}").write_text(f"{commit}\n")
    done = server.push(mine, "slot", "--tags")
    assert done.returncode == 1
    assert f"This push names more than {MAX_REFS} branches and tags." in done.stdout
    assert server.branches() == {}


def test_the_branch_shows_what_the_slot_serves(server: Server, mine: Repository) -> None:
    mine.commit("Version 2", index__html="two")
    server.push(mine, "slot", "main")
    former, newest = mine("rev-parse", "main~1", "main").split()
    alone = Exclusive(is_synced=True, is_cleaned=False)
    server.serve(Service.UPLOAD_PACK_REFS, exclusive=alone, served_branch="main", served_commit=former)
    assert server.branches()["refs/heads/main"] == former
    server.serve(Service.UPLOAD_PACK_REFS, exclusive=alone, served_branch="master", served_commit=newest)
    assert {name for name in server.branches() if name != "HEAD"} == {"refs/heads/master"}
    server.serve(Service.UPLOAD_PACK_REFS, exclusive=alone)
    assert "refs/heads/master" not in server.branches()


def test_a_commit_that_the_repository_lacks_is_not_shown(server: Server, mine: Repository) -> None:
    alone = Exclusive(is_synced=True, is_cleaned=True)
    server.serve(Service.RECEIVE_PACK_REFS, exclusive=alone, served_branch="main", served_commit="1" * 40)
    assert server.branches() == {}


@pytest.fixture
def fake_runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing runs in a sandbox here, so nothing has to be ended there."""

    class Nothing:
        def end_run(self, run_id: str) -> None:
            pass

    for module in ("job", "place"):
        monkeypatch.setattr(f"sites.repositories.{module}.get_runtime", Nothing)
    yield
