"""A repository with git's own programs and no sandbox: Greenroom's side of the hook is played here."""

import os
import subprocess
import threading
from pathlib import Path

from pytest_django import Settings

from sites.disk.use import Use
from sites.repositories.commands import PROGRAMS, Exclusive, Question, Service, plan
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
