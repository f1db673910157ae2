"""Real builds in the real sandbox of a real agent, and an instance of what was built."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from pytest_django import Settings

from sites.content import build, interpreters, store, tools
from sites.content.explain import explain
from sites.content.recognition import recognise
from sites.content.samples import demo_archive, placeholder_content, sample_content
from sites.content.tree import Folder
from sites.content.wanted import Wanted
from sites.disk.use import Use
from sites.runtime.spec import Mount, RevisionSpec
from tests.live.agent_rig import Agent, running_agent
from tests.live.build_rig import (
    OWNER,
    ask,
    at_home,
    built,
    packed_python,
    publish,
    publish_files,
    run,
    spec_of,
    started,
)
from tests.live.reachable import for_everybody
from tests.live.system import ROOT

pytestmark = pytest.mark.live


@pytest.fixture
def builder(shared_agent: Agent, settings: Settings) -> Iterator[Agent]:
    """The agent of all these tests, with the best isolation of this machine."""
    with at_home(shared_agent, settings):
        yield shared_agent


def test_a_flask_site_is_built_once_and_serves(builder: Agent, tmp_path: Path) -> None:
    content, recipe = publish(demo_archive("flask", "v1"), tmp_path)
    app = built(builder, content, recipe, tmp_path)
    assert build.plan_build(content.digest, recipe, owner=OWNER, name="contoso", log="").run is None
    status = started(builder, spec_of(1, app, recipe, SLOT_MARK="production"))
    code, headers, body = ask(status)
    assert (code, json.loads(body)) == (200, {"version": "v1", "slot": "production"})
    assert (headers["X-Version"], headers["X-Slot"]) == ("v1", "production")


def test_a_django_site_is_released_into_its_persistent_folder_and_serves(builder: Agent, tmp_path: Path) -> None:
    content, recipe = publish(demo_archive("django", "v1"), tmp_path)
    app = built(builder, content, recipe, tmp_path)
    folder = builder.folder / "mounts" / "persistent"
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
    assert run(builder, release) == (0, ["user 'ada' is there"])
    assert (folder / "demo.sqlite3").exists()
    status = started(builder, RevisionSpec(2, 1, OWNER, "contoso", 1, str(app), recipe.command, env, mounts))
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
    builder: Agent, tmp_path: Path, files: dict[str, str], reason: str
) -> None:
    content, recipe = publish_files(files, tmp_path)
    planned = build.plan_build(content.digest, recipe, owner=OWNER, name="contoso", log=str(tmp_path / "build.log"))
    assert planned.run is not None
    build.begin(planned, cache_limit=Use())
    code, lines = run(builder, planned.run)
    assert code not in (0, None)
    assert explain(lines, store.path_of(content.digest)) == reason
    build.abandon(planned.digest)
    assert not list(settings.BUILD_DIR.glob(f"{planned.digest}*"))


def test_a_build_sees_no_file_of_another_site_and_of_greenroom(builder: Agent, tmp_path: Path) -> None:
    secret = store.put_folder(Path(__file__).parent)
    prowl = f"cat {store.path_of(secret.digest)}/test_builds.py || ls {settings.CONTENT_DIR} /root/.ssh || echo nothing"
    package = json.dumps({"scripts": {"start": "node x", "build": prowl}})
    content, recipe = publish_files({"package.json": package}, tmp_path)
    log = tmp_path / "build.log"
    planned = build.plan_build(content.digest, recipe, owner=OWNER, name="contoso", log=str(log))
    assert planned.run is not None
    build.begin(planned, cache_limit=Use())
    code, lines = run(builder, planned.run)
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
    builder: Agent, tmp_path: Path, revision_id: int, files: dict[str, str], answer: bytes
) -> None:
    content, recipe = publish_files(files, tmp_path)
    app = built(builder, content, recipe, tmp_path)
    code, _headers, body = ask(started(builder, spec_of(revision_id, app, recipe)))
    assert (code, body) == (200, answer)


MAKES_A_PAGE = "mkdir -p dist/assets && echo built > dist/index.html && echo 1 > dist/assets/a.js"


def test_a_project_whose_build_makes_files_is_served_by_these_alone(builder: Agent, tmp_path: Path) -> None:
    package = {"scripts": {"build": MAKES_A_PAGE, "start": "vite"}}
    wishes = "fallback_page = 'index.html'"
    source = "<script type='module' src='/src/a.jsx'></script>"
    files = {"package.json": json.dumps(package), "index.html": source, "src/a.jsx": "", "greenroom.toml": wishes}
    content, recipe = publish_files(files, tmp_path)
    app = built(builder, content, recipe, tmp_path)
    assert sorted(path.name for path in app.rglob("*") if path.is_file()) == ["a.js", "index.html"]
    status = started(builder, spec_of(44, app, recipe, FALLBACK_PAGE=recipe.fallback_page))
    assert ask(status)[2] == b"built\n"
    assert ask(status, "/users/42")[2] == b"built\n"
    assert ask(status, "/src/a.jsx")[0] == 404


VERSION = ".".join(map(str, sys.version_info[:3]))
SAYS_WHICH = """
import sys
def app(environ, start_response):
    start_response("200 OK", [])
    return [f"{sys.version.split()[0]} {sys.base_prefix}".encode()]
"""


def test_a_python_that_is_fetched_makes_the_build_and_runs_the_instance(
    builder: Agent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue = packed_python(tmp_path / "catalogue")
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS_JSON_URL", f"file://{catalogue}")
    choice = tools.Choice(Wanted("Python", f"=={VERSION}", ".python-version"), None, VERSION)
    tools.begin_fetch(choice)
    code, lines = run(builder, tools.plan_fetch(choice, name="contoso", log=str(tmp_path / "fetch.log")))
    assert code == 0, "\n".join(lines)
    tools.finish_fetch(choice)
    (python,) = [one for one in interpreters.pythons() if one.folder == str(choice.folder)]
    assert python.version == VERSION
    content, recipe = publish_files({"app.py": SAYS_WHICH, "requirements.txt": ""}, tmp_path)
    recipe = tools.equip(recipe, [tools.Choice(choice.wanted, python, VERSION)])
    app = built(builder, content, recipe, tmp_path)
    mounts = build.interpreter_mounts(recipe)
    status = started(builder, RevisionSpec(45, 1, OWNER, "contoso", 1, str(app), recipe.command, {}, mounts))
    assert ask(status)[2].decode().startswith(f"{VERSION} /tools/cpython-{VERSION}/")


@pytest.mark.parametrize(("version", "number"), [("v1", "1"), ("v2", "2")])
def test_the_sample_serves_its_version_without_a_build(builder: Agent, version: str, number: str) -> None:
    content = sample_content("hello", version)
    path = store.path_of(content.digest)
    status = started(builder, spec_of(10 + int(number), path, recognise(Folder(path))))
    code, headers, body = ask(status)
    assert (code, headers["X-Version"]) == (200, number)
    assert f"Version {number}" in body.decode()
    assert json.loads(ask(status, "/version")[2])["version"] == number


def test_the_placeholder_serves(builder: Agent) -> None:
    path = store.path_of(placeholder_content().digest)
    code, _headers, body = ask(started(builder, spec_of(20, path, recognise(Folder(path)))))
    assert code == 200
    assert "Nothing has been published to it yet." in body.decode()


def test_a_build_runs_where_it_was_sealed_also_without_a_sandbox(tmp_path: Path, settings: Settings) -> None:
    prefix = for_everybody([ROOT, Path(sys.base_prefix)])
    with running_agent("--isolation", "none", prefix=prefix) as agent, at_home(agent, settings):
        agent.folder.chmod(0o755)  # nothing is bound here: the site's user walks the real path
        content, recipe = publish(demo_archive("flask", "v2"), tmp_path)
        app = built(agent, content, recipe, tmp_path)
        status = started(agent, spec_of(30, app, recipe, SLOT_MARK="staging"))
        assert json.loads(ask(status)[2]) == {"version": "v2", "slot": "staging"}
