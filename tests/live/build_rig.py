"""Contents published to a real agent, built by it and served: what the live tests of builds do."""

import hashlib
import http.client
import json
import platform
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pytest_django import Settings

from sites.content import build, store
from sites.content.recipe import Recipe
from sites.content.recognition import recognise
from sites.content.tree import Folder
from sites.disk.use import Use
from sites.runtime.spec import InstanceState, InstanceStatus, RevisionSpec, RunSpec, RunState
from tests.contents import unpack_zip
from tests.live.agent_rig import Agent, wait_until

OWNER = 77


@contextmanager
def at_home(agent: Agent, settings: Settings) -> Iterator[None]:
    """Contents and builds are in the agent's folder meanwhile, and its instances end afterwards."""
    for name in ("CONTENT", "BUILD", "UPLOAD", "CACHE", "TOOL"):
        setattr(settings, f"{name}_DIR", agent.folder / name.lower())
    yield
    for status in agent.runtime.observe():
        agent.stop(status.revision_id)


def publish(body: bytes, folder: Path) -> tuple[store.Content, Recipe]:
    """Unpack an archive and recognise what is in it."""
    archive = folder / "site.zip"
    archive.write_bytes(body)
    content = unpack_zip(archive)
    return content, recognise(Folder(store.path_of(content.digest)))


def publish_files(files: dict[str, str], folder: Path) -> tuple[store.Content, Recipe]:
    """The same of texts by their paths."""
    archive = folder / "files.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for name, text in files.items():
            zipped.writestr(name, text)
    return publish(archive.read_bytes(), folder)


def run(agent: Agent, spec: RunSpec) -> tuple[int | None, list[str]]:
    """Run a command to its end; its exit code and what it wrote."""
    agent.runtime.start_run(spec)
    wait_until(lambda: agent.runtime.observe_run(spec.run_id).state is RunState.ENDED, 300)
    code = agent.runtime.observe_run(spec.run_id).exit_code
    agent.runtime.end_run(spec.run_id)
    return code, Path(spec.log).read_text().splitlines()


def built(agent: Agent, content: store.Content, recipe: Recipe, folder: Path) -> Path:
    """The folder of the instances, after a build that succeeds."""
    log = folder / "build.log"
    planned = build.plan_build(content.digest, recipe, owner=OWNER, name="contoso", log=str(log))
    if planned.run is None:
        return planned.app
    build.begin(planned, cache_limit=Use())
    code, lines = run(agent, planned.run)
    assert code == 0, "\n".join(lines)
    assert lines[-1] == "==> built"
    build.finish(planned.digest)
    return planned.app


def started(agent: Agent, spec: RevisionSpec) -> InstanceStatus:
    """The one instance of a revision, as soon as it listens."""
    agent.runtime.apply(spec)

    def is_running() -> bool:
        found = agent.runtime.observe([spec.revision_id])
        assert not found or found[0].restarts == 0, agent.runtime.log_tail(spec.revision_id, 0)
        return bool(found) and found[0].state is InstanceState.RUNNING

    wait_until(is_running, 60)
    return agent.runtime.observe([spec.revision_id])[0]


def ask(status: InstanceStatus, path: str = "/") -> tuple[int, dict[str, str], bytes]:
    """What an instance answers: status, headers, body."""
    connection = http.client.HTTPConnection(status.address, status.port, timeout=20)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, dict(response.headers), response.read()
    finally:
        connection.close()


def spec_of(revision_id: int, app: Path, recipe: Recipe, **env: str) -> RevisionSpec:
    """One instance of what was recognised."""
    return RevisionSpec(revision_id, 1, OWNER, "contoso", 1, str(app), recipe.command, env)


LEFT_OUT = ("test", "__pycache__", "site-packages", "dist-packages", "tkinter", "idlelib", "ensurepip", "lib2to3")


def packed_python(folder: Path) -> Path:
    """A catalogue for uv with one interpreter, that of these tests, packed as its makers pack theirs."""
    folder.mkdir(mode=0o755)
    archive = folder / "python.tar.gz"
    _pack_python(archive)
    major, minor, patch = sys.version_info[:3]
    machine = platform.machine()
    entry = {
        "name": "cpython",
        "arch": {"family": machine, "variant": None},
        "os": "linux",
        "libc": "gnu",
        "major": major,
        "minor": minor,
        "patch": patch,
        "prerelease": "",
        "url": f"file://{archive}",
        "sha256": hashlib.sha256(archive.read_bytes()).hexdigest(),
        "variant": None,
        "build": "1",
    }
    catalogue = folder / "catalogue.json"
    catalogue.write_text(json.dumps({f"cpython-{major}.{minor}.{patch}-linux-{machine}-gnu": entry}))
    return catalogue


def _pack_python(archive: Path) -> None:
    prefix, name = Path(sys.base_prefix), "python{}.{}".format(*sys.version_info)

    def is_needed(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        last = member.name.rpartition("/")[2]
        return None if last in LEFT_OUT or last.startswith("config-") or last.endswith(".a") else member

    with tarfile.open(archive, "w:gz", compresslevel=1) as packed:
        packed.add(prefix / "bin" / name, f"python/bin/{name}")
        packed.add(prefix / "lib" / name, f"python/lib/{name}", filter=is_needed)
        for library in (prefix / "lib").glob("libpython*.so*"):
            packed.add(library, f"python/lib/{library.name}")
        for other in ("python3", "python"):
            link = tarfile.TarInfo(f"python/bin/{other}")
            link.type, link.linkname = tarfile.SYMTYPE, name
            packed.addfile(link)
