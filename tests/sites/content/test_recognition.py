"""What contents are recognised as."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from sites.content.commands import shell, with_exec
from sites.content.recipe import STATIC_PROGRAM, Kind
from sites.content.recognition import Choices, recognise
from sites.content.tree import Folder
from sites.errors import Refused
from tests.sites.content.conftest import Lay

FLASK = "from flask import Flask\napp = Flask(__name__)\n"
FASTAPI = "import fastapi\napp = fastapi.FastAPI()\n"
MANAGE = "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n"
Files = dict[str, str | bytes]


def command_line(folder: Path, start_command: str = "") -> str:
    command = recognise(Folder(folder), Choices(start_command)).command
    assert command[:2] == ("/bin/sh", "-c")
    return command[2]


@pytest.mark.parametrize(
    ("files", "kind", "summary"),
    [
        ({"index.html": ""}, Kind.STATIC, "static site, index.html"),
        ({"default.html": ""}, Kind.STATIC, "static site, default.html"),
        ({"index.html": "", "package.json": "{}"}, Kind.STATIC, "static site, index.html"),
        ({"app.py": FLASK}, Kind.PYTHON, "Python, WSGI object app:app, served by gunicorn"),
        ({"app.py": FLASK, "index.html": ""}, Kind.PYTHON, "Python, WSGI object app:app, served by gunicorn"),
        ({"application.py": "application = flask.Flask('x')"}, Kind.PYTHON, "WSGI object application:application"),
        ({"main.py": FASTAPI}, Kind.PYTHON, "ASGI object main:app, served by uvicorn"),
        ({"main.py": "app: FastAPI = FastAPI()"}, Kind.PYTHON, "ASGI object main:app"),
        ({"main.py": "async def app(scope, receive, send): ..."}, Kind.PYTHON, "ASGI object main:app"),
        ({"wsgi.py": "def application(environ, start_response): ..."}, Kind.PYTHON, "WSGI object wsgi:application"),
        ({"asgi.py": "from shop import app"}, Kind.PYTHON, "ASGI object asgi:app"),
        ({"main.py": "from shop import app", "requirements.txt": "fastapi"}, Kind.PYTHON, "ASGI object main:app"),
        ({"app.py": "def create_app(config=None): ..."}, Kind.PYTHON, "WSGI object app:create_app()"),
        ({"app.py": "x = (", "wsgi.py": "application = object()"}, Kind.PYTHON, "WSGI object wsgi:application"),
        ({"manage.py": MANAGE, "shop/wsgi.py": "", "shop/asgi.py": ""}, Kind.DJANGO, "WSGI object shop.wsgi:"),
        ({"manage.py": MANAGE, "shop/asgi.py": ""}, Kind.DJANGO, "Django, ASGI object shop.asgi:application"),
        (
            {"manage.py": MANAGE.replace("shop.", "shop.config."), "shop/config/wsgi.py": ""},
            Kind.DJANGO,
            "WSGI object shop.config.wsgi:application",
        ),
        ({"manage.py": "import os", "other/wsgi.py": ""}, Kind.DJANGO, "WSGI object other.wsgi:application"),
        ({"package.json": '{"scripts": {"start": "node a.js"}}'}, Kind.NODE, "Node, node a.js"),
        ({"package.json": "{}", "server.js": ""}, Kind.NODE, "Node, node server.js"),
        ({"Procfile": "web: ./serve $PORT", "app.py": FLASK}, Kind.PROCFILE, "Procfile: ./serve $PORT"),
        ({"Procfile": "web: ./serve\r\n", "index.html": ""}, Kind.PROCFILE, "Procfile: ./serve"),
    ],
)
def test_a_content_is_recognised(lay: Lay, files: Files, kind: Kind, summary: str) -> None:
    recipe = recognise(Folder(lay(files)))
    assert recipe.kind is kind
    assert summary in recipe.summary


def test_the_start_command_wins_over_everything(lay: Lay) -> None:
    folder = lay({"Procfile": "web: ./serve", "index.html": ""})
    assert command_line(folder, " ./other --port $PORT ") == "exec ./other --port $PORT"


def test_a_static_site_is_served_by_greenrooms_own_program_without_a_build(lay: Lay) -> None:
    recipe = recognise(Folder(lay({"index.html": ""})))
    assert recipe.command[1:] == (STATIC_PROGRAM,)
    assert recipe.build_steps == ()


def test_gunicorn_suits_envoy_and_a_read_only_sandbox(lay: Lay) -> None:
    line = command_line(lay({"app.py": FLASK}))
    for option in ("--bind 0.0.0.0:$PORT", "gthread", "--keep-alive 75", "--worker-tmp-dir /dev/shm", "'app:app'"):
        assert option in line
    assert "exec gunicorn" in line


def test_uvicorn_takes_envoys_word_about_the_client(lay: Lay) -> None:
    line = command_line(lay({"main.py": FASTAPI}))
    assert "--timeout-keep-alive 75" in line
    assert "--forwarded-allow-ips='*'" in line


@pytest.mark.parametrize(
    ("files", "steps"),
    [
        ({"requirements.txt": "flask"}, ["uv venv", "uv pip install --compile-bytecode -r requirements.txt"]),
        ({"pyproject.toml": "[project]"}, ["uv venv", "uv pip install --compile-bytecode -r pyproject.toml"]),
        ({"pyproject.toml": "[build-system]"}, ["uv venv", "uv pip install --compile-bytecode ."]),
        ({"pyproject.toml": "[project]", "uv.lock": ""}, ["uv venv", "uv sync --frozen --no-dev"]),
        ({}, ["uv venv", "uv pip install --compile-bytecode 'flask'"]),
    ],
)
def test_python_packages_are_installed_from_what_names_them(lay: Lay, files: Files, steps: list[str]) -> None:
    recipe = recognise(Folder(lay({"app.py": FLASK} | files)))
    assert len(recipe.build_steps) == len(steps) + 1
    for step, beginning in zip(recipe.build_steps, steps, strict=False):
        assert step.startswith(beginning)
    assert "gunicorn>=" in recipe.build_steps[-1]


@pytest.mark.parametrize(
    ("package", "lock", "steps"),
    [
        ('{"scripts": {"start": "x"}}', False, []),
        ('{"scripts": {"start": "x"}, "dependencies": {"a": "1"}}', False, ["npm install"]),
        ('{"scripts": {"start": "x"}, "dependencies": {"a": "1"}}', True, ["npm ci"]),
        ('{"scripts": {"start": "x", "build": "y"}}', True, ["npm ci", "npm run build"]),
    ],
)
def test_node_packages_are_installed_when_there_are_any(lay: Lay, package: str, lock: bool, steps: list[str]) -> None:
    files: Files = {"package.json": package}
    if lock:
        files["package-lock.json"] = "{}"
    found = recognise(Folder(lay(files))).build_steps
    assert [step.split(" --")[0] for step in found] == steps


def test_a_procfile_of_a_python_site_is_run_with_its_packages(lay: Lay) -> None:
    folder = lay({"Procfile": "web: gunicorn app:app\nrelease: flask db upgrade", "requirements.txt": "gunicorn"})
    recipe = recognise(Folder(folder))
    assert recipe.command[2] == 'export PATH="$PWD/.venv/bin:$PATH"; exec gunicorn app:app'
    assert recipe.release == "flask db upgrade"


@pytest.mark.parametrize(
    ("line", "servers"),
    [
        ("gunicorn app:app", ["gunicorn"]),
        ("python manage.py migrate && waitress-serve --listen=*:$PORT --call 'flaskr:create_app'", ["waitress-serve"]),
        ("gunicorn -k uvicorn.workers.UvicornWorker app:app", ["gunicorn"]),
        ("python -m hypercorn app:app", ["hypercorn"]),
        ("python server/gunicorn.py --config=gunicorn.conf.py", []),
        ("./gunicorn app:app", []),
    ],
)
def test_a_server_that_a_start_command_names_is_installed_unless_the_project_brings_it(
    lay: Lay, line: str, servers: list[str]
) -> None:
    choices = Choices(start_command=line)
    steps = recognise(Folder(lay({"requirements.txt": "flask"})), choices).build_steps
    added = [step for step in steps if step.startswith("test -x .venv/bin/")]
    assert [step.split("/")[2].split(" ")[0] for step in added] == servers
    assert all(" || uv pip install " in step and ",<=" in step for step in added)


def test_a_server_of_python_is_installed_for_a_python_project_only(lay: Lay) -> None:
    assert recognise(Folder(lay({"serve": ""})), Choices(start_command="gunicorn app:app")).build_steps == ()


@pytest.mark.parametrize(
    ("line", "is_made"),
    [("python app.py", True), ("exec python -m http.server $PORT", True), ("./python x", False), ("python3 x", False)],
)
def test_python_is_there_for_a_line_that_runs_it_without_any_packages(lay: Lay, line: str, is_made: bool) -> None:
    recipe = recognise(Folder(lay({"Procfile": f"web: {line}", "app.py": "import http.server"})))
    assert (".venv/bin" in recipe.path) == is_made


def test_a_release_line_alone_goes_with_what_was_recognised(lay: Lay) -> None:
    recipe = recognise(
        Folder(lay({"Procfile": "release: python manage.py migrate", "manage.py": MANAGE, "shop/wsgi.py": ""}))
    )
    assert (recipe.kind, recipe.release) == (Kind.DJANGO, "python manage.py migrate")


def test_static_files_of_django_are_collected_when_it_says_where(lay: Lay) -> None:
    files: Files = {"manage.py": MANAGE, "shop/wsgi.py": "", "shop/settings.py": "STATIC_ROOT = BASE_DIR / 'static'"}
    assert "collectstatic" in recognise(Folder(lay(files))).build_steps[-1]


@pytest.mark.parametrize("kind", ["worker", "clock", "beat"])
def test_other_kinds_of_process_are_not_run_and_the_log_names_them(lay: Lay, kind: str) -> None:
    recipe = recognise(Folder(lay({"Procfile": f"web: ./serve\n{kind}: ./work"})))
    assert recipe.line == "./serve"
    assert any(note.startswith(f"Ignored: '{kind}:' of the Procfile") for note in recipe.notes)


@pytest.mark.parametrize(
    ("files", "hint"),
    [
        ({"readme.txt": ""}, "Recognised are a static site"),
        ({"Pipfile": ""}, "no application was found"),
        ({"requirements.txt": "flask"}, "'gunicorn MODULE:OBJECT --bind 0.0.0.0:\\$PORT' as the start command"),
        ({"app.py": "app = 5", "requirements.txt": ""}, "no application was found"),
        ({"package.json": "{}"}, "no start script and no build script"),
        ({"shop.php": ""}, "type 'php -S 0.0.0.0:\\$PORT FILE.php' as start command"),
        ({"hugo.toml": ""}, "Hugo is not run here"),
        ({"backend/pyproject.toml": ""}, "'pyproject.toml' lies in the folder 'backend'"),
        ({"go.mod": "", "main.go": ""}, "Go is not built here: publish the program for Linux"),
        ({"Shop.csproj": ""}, "dotnet publish --self-contained"),
        ({"Dockerfile": ""}, "A Dockerfile is not read"),
        ({"shop.php": ""}, "type 'php -S 0.0.0.0:\\$PORT FILE.php' as start command"),
        ({"hugo.toml": ""}, "Hugo is not run here"),
        ({"backend/pyproject.toml": ""}, "'pyproject.toml' lies in the folder 'backend'"),
        ({"go.mod": "", "main.go": ""}, "Go is not built here: publish the program for Linux"),
        ({"Shop.csproj": ""}, "dotnet publish --self-contained"),
        ({"Dockerfile": ""}, "A Dockerfile is not read"),
        ({"shop/index.php": ""}, "'index.php' lies in the folder 'shop'"),
        ({"package.json": "{"}, "package.json cannot be read"),
        ({"Procfile": "./serve"}, "The Procfile has no line like 'web: COMMAND'"),
        (
            {"dist/index.html": "", "readme": ""},
            "lies in the folder 'dist'; publish what is in it",
        ),
        ({"package.json": json.dumps({"scripts": {"start": "x" * 130_000}})}, "is longer than 125,000 bytes"),
    ],
)
def test_what_is_not_recognised_is_refused_with_what_would_be(lay: Lay, files: Files, hint: str) -> None:
    with pytest.raises(Refused, match=hint) as caught:
        recognise(Folder(lay(files)))
    assert "publish again" in str(caught.value)


def test_sources_of_any_number_and_size_are_looked_at_in_bounds(lay: Lay) -> None:
    lines = "app = unknown()\n" * 10_000
    files: Files = {"app.py": lines, "requirements.txt": "x\n" * 100_000, "main.py": "x" * 300_000}
    assert recognise(Folder(lay(files))).kind is Kind.PYTHON
    many: Files = {f"package{number}/settings.py": "" for number in range(50)}
    many |= {"manage.py": MANAGE, "shop/wsgi.py": "", "zzz/settings.py": "STATIC_ROOT = 1"}
    assert "collectstatic" not in " ".join(recognise(Folder(lay(many, "many"))).build_steps)


def test_nothing_of_a_content_is_run_to_recognise_it(lay: Lay, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    recognise(Folder(lay({"app.py": f"open({str(mark)!r}, 'w')\n{FLASK}"})))
    assert not mark.exists()


@pytest.mark.parametrize(
    ("line", "run"),
    [
        ("gunicorn app:app", "exec gunicorn app:app"),
        ("LEVEL=3 ./serve", "exec env LEVEL=3 ./serve"),
        ("cd src && ./serve", "cd src && ./serve"),
        ("./prepare; ./serve", "./prepare; ./serve"),
        ("exec ./serve", "exec ./serve"),
    ],
)
def test_only_a_single_command_gets_an_exec(line: str, run: str) -> None:
    assert with_exec(line) == run


@pytest.mark.parametrize("line", ["printf '%s' $PORT", "A=1 printf '%s' $PORT", "cd / && printf '%s' $PORT"])
def test_the_port_expands(line: str) -> None:
    command = shell(line, path="/app/bin")
    assert shutil.which("sh")
    assert subprocess.run(command, env={"PORT": "8080"}, capture_output=True, text=True).stdout == "8080"


def test_scripts_from_windows_get_line_ends_that_a_shell_understands(lay: Lay) -> None:
    script = "#!/bin/sh\r\nexec x\r\n"
    recipe = recognise(Folder(lay({"Procfile": "web: ./start.sh --port $PORT\r\n", "start.sh": script})))
    assert recipe.build_steps == (r"sed -i 's/\r$//' start.sh",)
    assert any("line ends of Windows are taken out of start.sh" in note for note in recipe.notes)
    unix = recognise(Folder(lay({"Procfile": "web: ./start.sh", "start.sh": "#!/bin/sh\nexec x\n"})))
    assert unix.build_steps == ()


@pytest.mark.parametrize(
    ("files", "page"),
    [
        ({}, ""),
        ({"200.html": ""}, "200.html"),
        ({"_redirects": "/old /new 301\n/*  /index.html  200\n"}, "index.html"),
        ({"_redirects": "/* /404.html 404\n"}, ""),
        ({"staticwebapp.config.json": '{"navigationFallback": {"rewrite": "/app.html"}}'}, "app.html"),
        ({"staticwebapp.config.json": '{"navigationFallback": {"rewrite": "../secret.html"}}'}, ""),
        ({"_redirects": "/* /index.html 200", "greenroom.toml": "fallback_page = 'other.html'"}, "other.html"),
    ],
)
def test_a_fallback_page_that_is_declared_for_other_hosts_holds_here(lay: Lay, files: Files, page: str) -> None:
    assert recognise(Folder(lay({"index.html": ""} | files))).fallback_page == page
    package: Files = {"package.json": '{"scripts": {"build": "vite build"}, "devDependencies": {"vite": "1"}}'}
    placed = {
        name if name in ("greenroom.toml", "200.html") else f"public/{name}": text for name, text in files.items()
    }
    assert recognise(Folder(lay(package | placed, "project"))).fallback_page == page
