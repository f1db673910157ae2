"""Real builds in the real sandbox of a real agent, and an instance of what was built."""

import http.client
import json
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings
from pytest_django import Settings

from sites.content import build, store
from sites.content.archive import unpack_zip
from sites.content.explain import explain
from sites.content.recognition import Recipe, recognise
from sites.content.samples import demo_archive, placeholder_content, sample_content
from sites.runtime.process import ProcessRuntime
from sites.runtime.spec import InstanceState, InstanceStatus, Mount, RevisionSpec, RunSpec, RunState

pytestmark = pytest.mark.live

OWNER = 77


@contextmanager
def running_agent(data: Path, isolation: str) -> Iterator[Path]:
    """An agent with its state and socket in a folder; it ends with everything that it started."""
    socket = data / "agent.sock"
    command = [sys.executable, "-m", "sites.runtime.agent", "--state", str(data / "agent"), "--socket", str(socket)]
    with open(data / "agent.log", "wb") as log:
        process = subprocess.Popen([*command, "--isolation", isolation], stdout=log, stderr=log, cwd=settings.BASE_DIR)
    try:
        deadline = time.monotonic() + 20
        while not socket.exists():
            assert process.poll() is None and time.monotonic() < deadline, (data / "agent.log").read_text()
            time.sleep(0.05)
        yield data
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def adapter(data: Path, settings: Settings) -> Iterator[ProcessRuntime]:
    """The runtime adapter, with contents and builds in the agent's data folder; instances end with it."""
    settings.AGENT_SOCKET = data / "agent.sock"
    for name in ("CONTENT", "BUILD", "UPLOAD", "CACHE"):
        setattr(settings, f"{name}_DIR", data / name.lower())
    runtime = ProcessRuntime()
    yield runtime
    for status in runtime.observe():
        stop(runtime, status.revision_id)


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An agent with the best isolation of this machine, for all tests."""
    with running_agent(tmp_path_factory.mktemp("builds"), "auto") as data:
        yield data


@pytest.fixture
def runtime(agent: Path, settings: Settings) -> Iterator[ProcessRuntime]:
    """The adapter of the agent."""
    with adapter(agent, settings) as runtime:
        yield runtime


def stop(runtime: ProcessRuntime, revision_id: int) -> None:
    """All instances of a revision, and wait until they are gone."""
    spec = RevisionSpec(revision_id, 1_000_000, OWNER, "gone", 0, "/", ("true",), {})
    runtime.apply(spec)
    wait_for(lambda: not runtime.observe([revision_id]))


def wait_for(condition: Callable[[], object], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def publish(body: bytes, folder: Path) -> tuple[store.Content, Recipe]:
    archive = folder / "site.zip"
    archive.write_bytes(body)
    content = unpack_zip(archive)
    return content, recognise(store.path_of(content.digest))


def publish_files(files: dict[str, str], folder: Path) -> tuple[store.Content, Recipe]:
    archive = folder / "files.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for name, text in files.items():
            zipped.writestr(name, text)
    return publish(archive.read_bytes(), folder)


def run(runtime: ProcessRuntime, spec: RunSpec) -> tuple[int | None, list[str]]:
    """Run a command to its end; its exit code and what it wrote."""
    runtime.start_run(spec)
    wait_for(lambda: runtime.observe_run(spec.run_id).state is RunState.ENDED, 300)
    code = runtime.observe_run(spec.run_id).exit_code
    runtime.end_run(spec.run_id)
    return code, Path(spec.log).read_text().splitlines()


def built(runtime: ProcessRuntime, content: store.Content, recipe: Recipe, folder: Path) -> Path:
    """The folder of the instances, after a build that succeeds."""
    log = folder / "build.log"
    planned = build.plan_build(content.digest, recipe, owner=OWNER, name="contoso", log=str(log))
    if planned.run is None:
        return planned.app
    build.begin(planned)
    code, lines = run(runtime, planned.run)
    assert code == 0, "\n".join(lines)
    assert lines[-1] == "==> built"
    return build.finish(planned.digest)


def started(runtime: ProcessRuntime, spec: RevisionSpec) -> InstanceStatus:
    """The one instance of a revision, as soon as it listens."""
    runtime.apply(spec)

    def is_running() -> bool:
        found = runtime.observe([spec.revision_id])
        assert not found or found[0].restarts == 0, runtime.log_tail(spec.revision_id, 0)
        return bool(found) and found[0].state is InstanceState.RUNNING

    wait_for(is_running)
    return runtime.observe([spec.revision_id])[0]


def ask(status: InstanceStatus, path: str = "/") -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(status.address, status.port, timeout=20)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, dict(response.headers), response.read()
    finally:
        connection.close()


def spec_of(revision_id: int, app: Path, recipe: Recipe, **env: str) -> RevisionSpec:
    return RevisionSpec(revision_id, 1, OWNER, "contoso", 1, str(app), recipe.command, env)


def test_a_flask_site_is_built_once_and_serves(runtime: ProcessRuntime, tmp_path: Path) -> None:
    content, recipe = publish(demo_archive("flask", "v1"), tmp_path)
    app = built(runtime, content, recipe, tmp_path)
    assert build.plan_build(content.digest, recipe, owner=OWNER, name="contoso", log="").run is None
    status = started(runtime, spec_of(1, app, recipe, SLOT_MARK="production"))
    code, headers, body = ask(status)
    assert (code, json.loads(body)) == (200, {"version": "v1", "slot": "production"})
    assert (headers["X-Version"], headers["X-Slot"]) == ("v1", "production")


def test_a_django_site_is_released_into_its_persistent_folder_and_serves(
    runtime: ProcessRuntime, tmp_path: Path, agent: Path
) -> None:
    content, recipe = publish(demo_archive("django", "v1"), tmp_path)
    app = built(runtime, content, recipe, tmp_path)
    folder = agent / "mounts" / "persistent"
    env = {"DATA_DIR": "/data"}
    mounts = (Mount(str(folder), "/data"),)
    release = build.plan_release(
        recipe,
        app=app,
        owner=OWNER,
        name="contoso",
        env=env,
        mounts=mounts,
        log=str(tmp_path / "release.log"),
        run_id="release-1",
    )
    assert release is not None
    assert run(runtime, release) == (0, ["user 'ada' is there"])
    assert (folder / "demo.sqlite3").exists()
    status = started(runtime, RevisionSpec(2, 1, OWNER, "contoso", 1, str(app), recipe.command, env, mounts))
    assert ask(status)[0] == 200
    assert ask(status, "/whoami")[0] == 403


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (
            {"app.py": "app = object()", "requirements.txt": "# ours\nh11==0.16.0\nflaskk-that-nobody-made\n"},
            " at line 3 of requirements.txt: no version of 'flaskk-that-nobody-made' exists",
        ),
        (
            {"app.py": "app = object()", "requirements.txt": "h11==99.9\n"},
            " at line 1 of requirements.txt: no version ==99.9 of 'h11' exists",
        ),
    ],
)
def test_a_requirement_that_cannot_be_met_is_explained_and_leaves_nothing(
    runtime: ProcessRuntime, tmp_path: Path, files: dict[str, str], reason: str
) -> None:
    content, recipe = publish_files(files, tmp_path)
    planned = build.plan_build(content.digest, recipe, owner=OWNER, name="contoso", log=str(tmp_path / "build.log"))
    assert planned.run is not None
    build.begin(planned)
    code, lines = run(runtime, planned.run)
    assert code not in (0, None)
    assert explain(lines, store.path_of(content.digest)) == reason
    build.abandon(planned.digest)
    assert not list(settings.BUILD_DIR.glob(f"{planned.digest}*"))


def test_a_build_sees_no_file_of_another_site_and_of_greenroom(runtime: ProcessRuntime, tmp_path: Path) -> None:
    secret = store.put_folder(Path(__file__).parent)
    prowl = f"cat {store.path_of(secret.digest)}/test_builds.py || ls {settings.CONTENT_DIR} /root/.ssh || echo nothing"
    package = json.dumps({"scripts": {"start": "node x", "build": prowl}})
    content, recipe = publish_files({"package.json": package}, tmp_path)
    log = tmp_path / "build.log"
    planned = build.plan_build(content.digest, recipe, owner=OWNER, name="contoso", log=str(log))
    assert planned.run is not None
    build.begin(planned)
    code, lines = run(runtime, planned.run)
    assert code == 0
    assert "nothing" in lines
    build.abandon(planned.digest)


STARLETTE = """
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

app = Starlette(routes=[Route("/", lambda request: JSONResponse({"by": request.url.scheme}))])
"""
NODE = """
const leftPad = require("left-pad");
require("http").createServer((request, response) => response.end(leftPad("node", 6))).listen(process.env.PORT);
"""


@pytest.mark.parametrize(
    ("revision_id", "files", "answer"),
    [
        (40, {"main.py": STARLETTE, "requirements.txt": "starlette\n"}, b'{"by":"http"}'),
        (41, {"wsgi.py": "from flask import Flask\napp = Flask('x')\napp.route('/')(lambda: 'flask')\n",
              "pyproject.toml": "[project]\nname = 'x'\nversion = '1'\ndependencies = ['flask']\n"}, b"flask"),
        (42, {"serve.js": NODE,
              "package.json": '{"scripts": {"start": "node serve.js"}, "dependencies": {"left-pad": "1.3.0"}}'},
         b"  node"),
        (43, {"requirements.txt": "", "Procfile": "web: cd site && python3 -m http.server $PORT",
              "site/index.html": "by Procfile"}, b"by Procfile"),
    ],
)  # fmt: skip
def test_what_people_lay_out_is_built_and_serves(
    runtime: ProcessRuntime, tmp_path: Path, revision_id: int, files: dict[str, str], answer: bytes
) -> None:
    content, recipe = publish_files(files, tmp_path)
    app = built(runtime, content, recipe, tmp_path)
    code, _headers, body = ask(started(runtime, spec_of(revision_id, app, recipe)))
    assert (code, body) == (200, answer)


@pytest.mark.parametrize(("version", "number"), [("v1", "1"), ("v2", "2")])
def test_the_sample_serves_its_version_without_a_build(runtime: ProcessRuntime, version: str, number: str) -> None:
    content = sample_content("hello", version)
    path = store.path_of(content.digest)
    status = started(runtime, spec_of(10 + int(number), path, recognise(path)))
    code, headers, body = ask(status)
    assert (code, headers["X-Version"]) == (200, number)
    assert f"Version {number}" in body.decode()
    assert json.loads(ask(status, "/version")[2])["version"] == number


def test_the_placeholder_serves(runtime: ProcessRuntime) -> None:
    path = store.path_of(placeholder_content().digest)
    code, _headers, body = ask(started(runtime, spec_of(20, path, recognise(path))))
    assert code == 200
    assert "Nothing has been published to it yet." in body.decode()


def test_a_build_runs_where_it_was_sealed_also_without_a_sandbox(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, settings: Settings
) -> None:
    with (
        running_agent(tmp_path_factory.mktemp("bare"), "none") as data,
        adapter(data, settings) as runtime,
    ):
        for folder in (data, *data.parents):
            if Path(tempfile.gettempdir()) in folder.parents:
                folder.chmod(0o755)  # nothing is bound here: the site's user walks the real path
        content, recipe = publish(demo_archive("flask", "v2"), tmp_path)
        app = built(runtime, content, recipe, tmp_path)
        status = started(runtime, spec_of(30, app, recipe, SLOT_MARK="staging"))
        assert json.loads(ask(status)[2]) == {"version": "v2", "slot": "staging"}
